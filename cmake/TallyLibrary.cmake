# tally_library(<folder> <link arguments>...) makes library tally_<folder> from
# all sources of that folder.

add_library(tally_warnings INTERFACE)
target_compile_options(tally_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
  # Designated initialisers leave the rest at its default on purpose.
  -Wno-missing-field-initializers
  # False positives of GCC 12: in std::string at -O3 (GCC bug 105651), and in
  # std::variant, which Clang and the sanitizers check as well.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)

function(tally_library folder)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cc
                                      ${CMAKE_SOURCE_DIR}/${folder}/*/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  add_library(tally_${folder} STATIC ${sources})
  target_include_directories(tally_${folder} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(tally_${folder} ${ARGN})
  target_link_libraries(tally_${folder} PRIVATE tally_warnings)
  # The program's bytes do not depend on where it was built.
  target_compile_options(tally_${folder} PRIVATE
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
endfunction()
