#include "manifests/guard_names.h"

namespace tally {

std::vector<std::string> GuardNames() {
  return {"capability",     "dangling-link", "dpkg-residue", "elf-interpreter",
          "elf-library",    "machine-id",    "private-key",  "random-seed",
          "setgid",         "setuid",        "snakeoil",     "ssh-host-key",
          "world-writable", "xattr"};
}

}  // namespace tally
