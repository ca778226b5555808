# Proves that tests/layers.cmake finds what it looks for.
#
#   cmake -D SCRIPT=<layers.cmake> -D WORK=<directory> -P layers_self_check.cmake
#
# Makes a small tree with one violation at a time, and expects the script to
# fail with exactly that message; then the same tree without it, and success.
cmake_minimum_required(VERSION 3.25)

set(root "${WORK}/layers_self_check")

# run_layers(<status variable> <output variable>)
function(run_layers status output)
  execute_process(COMMAND "${CMAKE_COMMAND}" -D "SOURCE=${root}" -P "${SCRIPT}"
    RESULT_VARIABLE result OUTPUT_VARIABLE text ERROR_VARIABLE text)
  set(${status} "${result}" PARENT_SCOPE)
  set(${output} "${text}" PARENT_SCOPE)
endfunction()

# make_clean_tree: what is allowed, close to the borders.
function(make_clean_tree)
  file(REMOVE_RECURSE "${root}")
  file(WRITE "${root}/common/file.h" "#pragma once\n#include <filesystem>\n")
  file(WRITE "${root}/common/json.cc" "#include <nlohmann/json.hpp>\n")
  file(WRITE "${root}/common/hash.cc" "#include <openssl/evp.h>\n")
  file(WRITE "${root}/common/process.cc" "#include <boost/process.hpp>\n")
  file(WRITE "${root}/manifests/yaml.cc" "#include <yaml-cpp/parser.h>\n")
  file(WRITE "${root}/formats/eif.cc"
    "// #include \"builder/tree.h\" in a comment; [brackets] too\n"
    "#include \"formats/eif.h\"\n#include <vector>\n#include \"common/bytes.h\"\n")
  file(WRITE "${root}/measure/snp.cc" "#include \"formats/ovmf.h\"\n")
  file(WRITE "${root}/builder/archive.cc"
    "#include <archive.h>\n#include <archive_entry.h>\n#include <unistd.h>\n")
  file(WRITE "${root}/builder/fetch_transfer.cc" "#include <curl/curl.h>\n")
  file(WRITE "${root}/sign/openssl.h" "#include <openssl/bio.h>\n")
  file(WRITE "${root}/cli/app.cc"
    "#include <CLI/CLI.hpp>\n#include \"builder/tree.h\"\n#include \"measure/snp.h\"\n")
  file(WRITE "${root}/tests/measure/snp_test.cc" "#include \"builder/tree.h\"\n")
  string(REPEAT "int a;\n" 450 longest)
  file(WRITE "${root}/sbom/long.cc" "${longest}")
endfunction()

# expect_violation(<file> <content> <message>)
function(expect_violation file content expected)
  make_clean_tree()
  file(WRITE "${root}/${file}" "${content}")
  run_layers(status output)
  string(FIND "${output}" "${expected}" at)
  string(FIND "${output}" "layers: 1 violations" count)
  if(status EQUAL 0 OR at LESS 0 OR count LESS 0)
    message(SEND_ERROR
      "expected one violation:\n  ${expected}\ngot status ${status} and\n${output}")
  endif()
endfunction()

make_clean_tree()
run_layers(status output)
if(NOT status EQUAL 0)
  message(SEND_ERROR "a clean tree was refused:\n${output}")
endif()

# The direction of includes, one line of the table each.
expect_violation(common/a.cc "\n#include \"formats/eif.h\"\n"
  "common/a.cc:2: includes 'formats/eif.h', but common may use: nothing else")
expect_violation(manifests/a.cc "#include \"formats/eif.h\"\n"
  "manifests/a.cc:1: includes 'formats/eif.h', but manifests may use: common")
expect_violation(formats/a.cc "#include \"manifests/lock.h\"\n"
  "formats/a.cc:1: includes 'manifests/lock.h', but formats may use: common")
expect_violation(measure/a.h "int a;\n  #  include <builder/tree.h>\n"
  "measure/a.h:2: includes 'builder/tree.h', but measure may use: common, formats")
expect_violation(measure/a.cc "#include \"manifests/manifest.h\"\n"
  "measure/a.cc:1: includes 'manifests/manifest.h', but measure may use")
expect_violation(builder/deep/a.cc "#include \"measure/snp.h\"\n"
  "builder/deep/a.cc:1: includes 'measure/snp.h', but builder may use")
expect_violation(release/a.cc "#include \"sign/dsse.h\"\n"
  "release/a.cc:1: includes 'sign/dsse.h', but release may use: common")
expect_violation(sbom/a.cc "#include \"builder/tree.h\"\n"
  "sbom/a.cc:1: includes 'builder/tree.h', but sbom may use: common, manifests")
expect_violation(sign/a.cc "#include \"release/release.h\"\n"
  "sign/a.cc:1: includes 'release/release.h', but sign may use: common")
expect_violation(builder/a.cc.in "#include \"cli/app.h\"\n"
  "builder/a.cc.in:1: includes 'cli/app.h', but builder may use")
expect_violation(cli/a.cc "#include \"tests/support/test_files.h\"\n"
  "cli/a.cc:1: includes 'tests/support/test_files.h', which is a test")
expect_violation(cli/a.cc "#include \"app.h\"\n"
  "cli/a.cc:1: includes \"app.h\", expected \"folder/file.h\"")
expect_violation(stranger/a.cc "int a;\n"
  "stranger/a.cc: folder 'stranger' is not in tests/layers.cmake")

# Outside libraries.
foreach(case common/file.cc:openssl/evp.h common/json.h:nlohmann/json.hpp
        common/file.cc:boost/process.hpp builder/fetch.cc:boost/asio.hpp
        manifests/manifest.cc:yaml-cpp/yaml.h manifests/yaml.h:yaml-cpp/mark.h
        builder/archive.h:archive.h builder/package.cc:archive_entry.h
        builder/store.cc:curl/curl.h cli/main.cc:CLI/CLI.hpp
        measure/initial_vmsa.cc:openssl/sha.h cli/a.cc:nlohmann/json.hpp)
  string(REPLACE ":" ";" case "${case}")
  list(GET case 0 file)
  list(GET case 1 header)
  expect_violation(${file} "#include <${header}>\n"
    "${file}:1: includes '${header}', which only ")
endforeach()

# Pure folders.
foreach(folder formats measure sbom)
  foreach(header fstream iostream filesystem thread unistd.h fcntl.h sys/stat.h
          chrono random common/file.h common/process.h common/descriptor.h)
    expect_violation(${folder}/a.cc "#include <${header}>\n"
      "${folder}/a.cc:1: includes '${header}', but ${folder} does no I/O")
  endforeach()
endforeach()

# Length and white space.
string(REPEAT "int a;\n" 451 too_long)
expect_violation(cli/a.cc "${too_long}"
  "cli/a.cc: 451 lines, expected at most 450")
expect_violation(cli/a.cc "int a;\nint b; \nint c;\n"
  "cli/a.cc:2: white space at the end of the line")
expect_violation(tests/cli/a_test.cc "int a; "
  "tests/cli/a_test.cc:1: white space at the end of the line")
expect_violation(docs/a.md "one\n\ntwo \n"
  "docs/a.md:3: white space at the end of the line")
expect_violation(scripts/quickstart "true \n"
  "scripts/quickstart:1: white space at the end of the line")
expect_violation(cli/a.cc "int a;\n\tint b;\n"
  "cli/a.cc:2: tab, expected spaces")
expect_violation(tests/a.cc "int a;\nint b;\r\nint c;\n"
  "tests/a.cc: carriage return, byte order mark or zero byte")

file(REMOVE_RECURSE "${root}")
