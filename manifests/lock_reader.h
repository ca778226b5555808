// Reading a lock: what its sections share.
#pragma once

#include <string>
#include <string_view>

#include "manifests/lock.h"
#include "manifests/yaml_reader.h"

namespace tally {

// No input is larger than 1 TiB.
inline constexpr uint64_t kMaxInputSize = uint64_t{1} << 40;

// Ordered refuses a name that does not come after the one before it.
class Ordered {
 public:
  Ordered(YamlReader& reader, std::string_view what)
      : reader_(reader), what_(what) {}

  void Next(const Location& where, const std::string& name);

 private:
  YamlReader& reader_;
  std::string what_;
  bool first_ = true;
  std::string last_;
};

// ReadPackages fills lock.packages. Its suites and epoch must be there.
void ReadPackages(YamlReader& reader, const YamlNode& node, Lock& lock);

// ReadLockedSources fills downloads, directories and OCI images, each of which
// may be absent.
void ReadLockedSources(YamlReader& reader, const YamlMap& map, Lock& lock);

}  // namespace tally
