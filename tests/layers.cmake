# Holds the sources against the rules of docs/architecture.md.
#
#   cmake -D SOURCE=<root> -P tests/layers.cmake
#
# Prints every violation as "file:line: what, what is allowed" and fails if
# there is one: an #include that points the wrong way, an outside library in the
# wrong place, input and output in a folder that must be pure, a file that is too
# long, white space that nobody can see. tests/layers_self_check.cmake proves
# that each of these is found.
cmake_minimum_required(VERSION 3.25)

# Which folders a folder may use, besides itself.
set(uses_common)
set(uses_manifests common)
set(uses_formats common)
set(uses_measure common formats)
set(uses_builder common formats manifests)
set(uses_release common)
set(uses_sbom common manifests)
set(uses_sign common)
set(uses_attest common formats measure)
set(uses_policy common manifests attest)
set(uses_library common attest policy)
set(uses_cli common manifests formats measure builder release sbom sign attest policy)
set(folders common manifests formats measure builder release sbom sign attest policy library cli)

# Outside libraries: a pattern of headers, and of the files that may see them.
set(libraries openssl boost nlohmann yaml archive curl cli11)
set(headers_openssl "^openssl/")
string(CONCAT files_openssl "^(common/(any_)?hash\\.(h|cc)|(sign|attest)/.*"
  "|builder/generate/ca_certificates\\.cc)$")
set(headers_boost "^boost/")
set(files_boost "^common/process\\.cc$")
set(headers_nlohmann "^nlohmann/")
set(files_nlohmann "^common/json\\.cc$")
set(headers_yaml "^yaml-cpp/")
set(files_yaml "^manifests/yaml[^/]*\\.cc$")
set(headers_archive "^archive(_entry)?\\.h$")
set(files_archive "^builder/archive(_library\\.h|\\.cc)$")
set(headers_curl "^curl/")
set(files_curl "^builder/(curl_library\\.h|fetch[^/]*)$")
set(headers_cli11 "^CLI/")
set(files_cli11 "^cli/app(_[a-z_]+)?\\.cc$")

# Functions from bytes to bytes: no files, no processes, no clock, no threads.
set(pure_folders formats measure sbom attest)
string(CONCAT impure_headers
  "^(fstream|iostream|filesystem|thread|future|chrono|ctime|time\\.h|random"
  "|unistd\\.h|fcntl\\.h|spawn\\.h|sys/.*|common/(file|process|descriptor)\\.h)$")

set(max_lines 450)

set(num_violations 0)

# report(<file> <content> <position> <message>) prints one violation; a negative
# position stands for the whole file.
function(report file content position message)
  if(position GREATER_EQUAL 0)
    string(SUBSTRING "${content}" 0 ${position} before)
    string(REGEX MATCHALL "\n" newlines "${before}")
    list(LENGTH newlines line)
    math(EXPR line "${line} + 1")
    string(APPEND file ":${line}")
  endif()
  message(NOTICE "${file}: ${message}")
  math(EXPR num_violations "${num_violations} + 1")
  set(num_violations ${num_violations} PARENT_SCOPE)
endfunction()

# check_text: rules for every text file.
function(check_text file content)
  # file(READ) drops the carriage returns, byte order marks and zero bytes.
  file(SIZE "${SOURCE}/${file}" size_bytes)
  string(LENGTH "${content}" num_read)
  string(FIND "${content}" "\r" at)
  if(at GREATER_EQUAL 0 OR NOT num_read EQUAL size_bytes)
    report("${file}" "${content}" ${at}
      "carriage return, byte order mark or zero byte, expected plain LF text")
  endif()
  string(REGEX MATCH "[ \t]+(\n|$)" trailing "${content}")
  if(NOT trailing STREQUAL "")
    string(FIND "${content}" "${trailing}" at)
    report("${file}" "${content}" ${at} "white space at the end of the line")
  endif()
  # The texts of other people's scripts keep their tabs.
  if(file MATCHES "\\.(h|cc|cc\\.in)$" AND NOT file MATCHES "/debhelper_templates\\.cc$")
    string(FIND "${content}" "\t" at)
    if(at GREATER_EQUAL 0)
      report("${file}" "${content}" ${at} "tab, expected spaces")
    endif()
  endif()
  set(num_violations ${num_violations} PARENT_SCOPE)
endfunction()

# check_include: rules for one #include of a source file.
function(check_include folder file content at header)
  string(REGEX MATCH "^[^/]+" target "${header}")
  if(header MATCHES "/" AND target IN_LIST folders)
    if(NOT target STREQUAL folder AND NOT target IN_LIST uses_${folder})
      string(REPLACE ";" ", " allowed "${uses_${folder}}")
      if(allowed STREQUAL "")
        set(allowed "nothing else")
      endif()
      report("${file}" "${content}" ${at}
        "includes '${header}', but ${folder} may use: ${allowed}")
    endif()
  elseif(header MATCHES "^tests/")
    report("${file}" "${content}" ${at} "includes '${header}', which is a test")
  endif()
  foreach(library IN LISTS libraries)
    if(header MATCHES "${headers_${library}}" AND
       NOT file MATCHES "${files_${library}}")
      report("${file}" "${content}" ${at}
        "includes '${header}', which only ${files_${library}} may")
    endif()
  endforeach()
  if(folder IN_LIST pure_folders AND header MATCHES "${impure_headers}")
    report("${file}" "${content}" ${at}
      "includes '${header}', but ${folder} does no I/O and starts nothing")
  endif()
  set(num_violations ${num_violations} PARENT_SCOPE)
endfunction()

# check_source: rules for one C++ file of a folder.
function(check_source folder file content)
  string(REGEX MATCHALL "\n" newlines "${content}")
  list(LENGTH newlines lines)
  if(lines GREATER max_lines)
    report("${file}" "${content}" -1
      "${lines} lines, expected at most ${max_lines}")
  endif()
  # A line break in front, so that the first line is like all others.
  string(REGEX MATCHALL "\n[ \t]*#[ \t]*include[ \t]*[<\"][^>\"\n]+[>\"]"
    includes "\n${content}")
  foreach(include IN LISTS includes)
    string(FIND "\n${content}" "${include}" at)
    string(REGEX REPLACE "^.*[<\"]([^>\"]+)[>\"]$" "\\1" header "${include}")
    if(include MATCHES "\"" AND NOT header MATCHES "/")
      report("${file}" "${content}" ${at}
        "includes \"${header}\", expected \"folder/file.h\"")
    endif()
    check_include("${folder}" "${file}" "${content}" ${at} "${header}")
  endforeach()
  set(num_violations ${num_violations} PARENT_SCOPE)
endfunction()

# A folder of sources that the table above does not know has no rules at all.
function(check_folders)
  file(GLOB sources RELATIVE "${SOURCE}" "${SOURCE}/*/*.h" "${SOURCE}/*/*.cc")
  foreach(file IN LISTS sources)
    string(REGEX MATCH "^[^/]+" folder "${file}")
    if(folder STREQUAL "tests" OR folder IN_LIST folders OR
       EXISTS "${SOURCE}/${folder}/CMakeCache.txt")
      continue()
    endif()
    report("${file}" "" -1 "folder '${folder}' is not in tests/layers.cmake")
  endforeach()
  set(num_violations ${num_violations} PARENT_SCOPE)
endfunction()

if(NOT IS_DIRECTORY "${SOURCE}/common")
  message(FATAL_ERROR "no sources in '${SOURCE}': give -D SOURCE=<root>")
endif()

check_folders()
foreach(folder IN LISTS folders)
  file(GLOB_RECURSE sources RELATIVE "${SOURCE}"
    "${SOURCE}/${folder}/*.h" "${SOURCE}/${folder}/*.cc"
    "${SOURCE}/${folder}/*.cc.in")
  foreach(file IN LISTS sources)
    file(READ "${SOURCE}/${file}" content)
    check_source("${folder}" "${file}" "${content}")
  endforeach()
endforeach()

# Vectors and golden files are bytes, not text of ours.
set(text_globs)
foreach(folder IN LISTS folders ITEMS tests scripts cmake docs)
  foreach(name *.h *.cc *.cc.in *.cmake CMakeLists.txt *.md *.py *.sh *.yaml)
    list(APPEND text_globs "${SOURCE}/${folder}/${name}")
  endforeach()
endforeach()
file(GLOB_RECURSE texts RELATIVE "${SOURCE}" ${text_globs})
file(GLOB top RELATIVE "${SOURCE}" "${SOURCE}/*.md" "${SOURCE}/*.json"
  "${SOURCE}/CMakeLists.txt" "${SOURCE}/Dockerfile")
file(GLOB scripts RELATIVE "${SOURCE}" "${SOURCE}/scripts/*")
list(APPEND texts ${top} ${scripts})
list(FILTER texts EXCLUDE REGEX "^tests/(vectors|golden|fuzz/corpus)/")
list(REMOVE_DUPLICATES texts)
foreach(file IN LISTS texts)
  if(IS_DIRECTORY "${SOURCE}/${file}")
    continue()
  endif()
  file(READ "${SOURCE}/${file}" content)
  check_text("${file}" "${content}")
endforeach()

if(num_violations GREATER 0)
  message(FATAL_ERROR "layers: ${num_violations} violations")
endif()
