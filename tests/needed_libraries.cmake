# Holds the program to loading libcurl and libarchive when it needs them, and not
# at every start (common/lazy_library.h), and to having the C++ libraries inside.
#
#   cmake -D TALLY=<program> -P tests/needed_libraries.cmake
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND readelf --wide --dynamic "${TALLY}"
  OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "\\(NEEDED\\)[^\n]*" needed "${dynamic}")
if(NOT needed MATCHES "libcrypto")
  message(FATAL_ERROR "found no library that '${TALLY}' is known to need")
endif()
foreach(library IN ITEMS libcurl libarchive libyaml-cpp libstdc++)
  string(FIND "${needed}" "[${library}." at)
  if(NOT at EQUAL -1)
    message(FATAL_ERROR "'${TALLY}' needs ${library} at its start")
  endif()
endforeach()
