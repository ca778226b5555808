# The library for other programs: libtallystick.so with the C interface of
# library/tally_match.h and the C++ interface of attest/, their headers, and a
# CMake package. `cmake --install` brings all of it beside the program.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# All objects: also what the C interface does not call is there for C++.
add_library(tallystick SHARED library/tally_match.cc
  $<TARGET_OBJECTS:tally_common> $<TARGET_OBJECTS:tally_formats>
  $<TARGET_OBJECTS:tally_measure> $<TARGET_OBJECTS:tally_manifests>
  $<TARGET_OBJECTS:tally_attest> $<TARGET_OBJECTS:tally_policy>)
target_compile_definitions(tallystick PRIVATE TALLY_VERSION="${PROJECT_VERSION}")
target_link_libraries(tallystick PRIVATE tally_warnings OpenSSL::Crypto yaml-cpp
                                         Threads::Threads ${CMAKE_DL_LIBS})
target_include_directories(tallystick PRIVATE ${CMAKE_SOURCE_DIR})
target_include_directories(tallystick INTERFACE
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/tallystick>)
target_compile_features(tallystick INTERFACE cxx_std_20)
set_target_properties(tallystick PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION 0)

install(TARGETS tallystick EXPORT tallystickTargets)
# manifests/ is inside of the library and nobody's interface.
foreach(folder IN ITEMS common formats measure attest policy)
  install(DIRECTORY ${folder}
          DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tallystick
          FILES_MATCHING PATTERN "*.h")
endforeach()
install(FILES library/tally_match.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tallystick)

set(tallystick_package ${CMAKE_INSTALL_LIBDIR}/cmake/tallystick)
install(EXPORT tallystickTargets NAMESPACE tallystick::
        DESTINATION ${tallystick_package})
configure_package_config_file(library/tallystickConfig.cmake.in
  ${CMAKE_BINARY_DIR}/tallystickConfig.cmake
  INSTALL_DESTINATION ${tallystick_package})
# While the version begins with 0 every minor one may differ.
write_basic_package_version_file(
  ${CMAKE_BINARY_DIR}/tallystickConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/tallystickConfig.cmake
              ${CMAKE_BINARY_DIR}/tallystickConfigVersion.cmake
        DESTINATION ${tallystick_package})
