// var/lib/dpkg/status.d: which packages the image has, for scanners. See
// docs/generators/dpkg-status.md.
#pragma once

#include <string>
#include <vector>

#include "builder/tree.h"

namespace tally {

// PackageRecord is what status.d says about one package.
struct PackageRecord {
  std::string name;
  // The text of the package's control file: one paragraph.
  std::string control;
  // The text of its md5sums file; empty: no such list.
  std::string md5sums;
};

// GenerateDpkgStatus writes status.d/<name>, the control paragraph as it is in
// the package with "Status: install ok installed" behind its first field, and,
// of those md5sums that are about files of this package in the image,
// status.d/<name>.md5sums. Run it when the tree has all files. Control text
// that is not one paragraph about this package is an InputError, and so are
// two records of one name.
Status GenerateDpkgStatus(const std::vector<PackageRecord>& packages,
                          Tree* tree);

}  // namespace tally
