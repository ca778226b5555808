// The files of a configuration directory in the order in which systemd reads
// them: sysusers.d(5), tmpfiles.d(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/tree.h"

namespace tally {

struct ConfigFile {
  std::string path;  // "usr/lib/sysusers.d/dbus.conf"
  std::string_view text;

  // Where names the file in error text.
  std::string Where() const { return "'/" + path + "'"; }
};

// ConfigFiles returns the files "*.conf" of `directory` ("sysusers.d") below
// /etc, /run, /usr/local/lib and /usr/lib, sorted by name whatever their place.
// Of two of one name the first place counts; one that is empty or a link to
// /dev/null hides the others. A file over 1 MiB is an InputError. The texts
// belong to the tree.
Result<std::vector<ConfigFile>> ConfigFiles(const Tree& tree,
                                            std::string_view directory);

}  // namespace tally
