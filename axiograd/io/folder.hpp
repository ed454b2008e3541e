#pragma once
// A folder that one process works in at a time.

#include <axiograd/io/descriptor.hpp>
#include <string>

namespace axiograd::io {

/// Keeps a folder for this process, by a lock (flock) on the file `.axiograd.lock` in it. The system releases it with the
/// process, however that ends; the file stays, and by itself means nothing.
class folder_lock {
 public:
  /// Errors: io: "FOLDER: in use by another process (1234)", or the system's reason.
  static result<folder_lock> take(const std::string& folder);

 private:
  explicit folder_lock(descriptor file) : file_(std::move(file)) {}
  descriptor file_;
};

/// Removes the temporaries of write_file_atomically that killed processes left in a folder, and gives their number. Files that
/// somebody is writing, of another user or with other names stay, as do links and folders.
/// Errors: io (the folder cannot be read).
result<int> remove_orphans(const std::string& folder);

}  // namespace axiograd::io
