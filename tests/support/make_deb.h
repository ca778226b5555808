// Debian packages made by hand, well-formed or not.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/bytes.h"

namespace tally::test {

// TarMember is one header (and content) of a ustar archive. `type` is the
// typeflag: '0' file, '1' hard link, '2' symbolic link, '3' character device,
// '5' directory.
struct TarMember {
  std::string path;
  char type = '0';
  unsigned mode = 0644;
  unsigned uid = 0;
  unsigned gid = 0;
  std::string content;
  std::string link;
};

Bytes MakeTar(const std::vector<TarMember>& members);

// ArMember is one member of an ar archive.
struct ArMember {
  std::string name;
  Bytes content;
};
Bytes MakeAr(const std::vector<ArMember>& members);

// MakeDeb returns an uncompressed package with these data members and
// maintainer scripts.
Bytes MakeDeb(const std::vector<TarMember>& data,
              const std::map<std::string, std::string>& scripts = {});

}  // namespace tally::test
