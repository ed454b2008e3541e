# The C++ blocks of a Markdown text, as one program.
/^```cpp$/ { on = 1; next }
/^```$/ { on = 0 }
on
