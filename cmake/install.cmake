# The installed package: libraries, headers, find_package(axiograd), pkg-config (axiograd/cli adds the command and its data). Nothing in it names a folder of
# the machine that built it. tools/check_package.sh builds tests/consumer/ against a copy that was moved.

get_property(axg_parts GLOBAL PROPERTY axiograd_parts)

# axiograd::axiograd is everything.
add_library(axiograd_all INTERFACE)
add_library(axiograd::axiograd ALIAS axiograd_all)
set_target_properties(axiograd_all PROPERTIES EXPORT_NAME axiograd)
target_link_libraries(axiograd_all INTERFACE ${axg_parts})

set(axg_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/axiograd)
install(TARGETS axiograd_all ${axg_parts} EXPORT axiogradTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT axiogradTargets NAMESPACE axiograd:: DESTINATION ${axg_package_dir})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/axiograd DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.hpp
        PATTERN *.test.hpp EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/axiogradConfig.cmake.in ${PROJECT_BINARY_DIR}/axiogradConfig.cmake
                              INSTALL_DESTINATION ${axg_package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/axiogradConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/axiogradConfig.cmake ${PROJECT_BINARY_DIR}/axiogradConfigVersion.cmake
        DESTINATION ${axg_package_dir})

# Static libraries, users first.
set(axg_pc_libraries "")
foreach(part IN LISTS axg_parts)
  string(PREPEND axg_pc_libraries "-l${part} ")
endforeach()
set(axg_pc_product_libraries "")
foreach(library IN LISTS axg_product_libraries)
  string(APPEND axg_pc_product_libraries "-l${library} ")
endforeach()
file(RELATIVE_PATH axg_pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_CURRENT_LIST_DIR}/axiograd.pc.in ${PROJECT_BINARY_DIR}/axiograd.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/axiograd.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# What a user wants built: the libraries and the command, without tests and benchmarks.
add_custom_target(product DEPENDS ${axg_parts})
if(TARGET axiograd_cli)
  add_dependencies(product axiograd_cli)
endif()
