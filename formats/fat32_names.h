// Names in FAT directories: 8.3 names, long names, and the alias in 8.3 form
// that each long name has.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace tally::fat32 {

// UpperCase maps a to z, as FAT does to compare names.
std::string UpperCase(std::string_view name);

// CheckName refuses what no entry can hold: anything but printable ASCII, the
// nine forbidden characters, over 255 bytes, a period or a space at the end.
Status CheckName(std::string_view name);

// CheckLabel refuses all but 1 to 11 characters of an 8.3 name or inner spaces.
Status CheckLabel(std::string_view label);

// ShortName returns the 11 bytes of "NAME.EXT", or an empty string if `name` is
// not an 8.3 name in upper case.
std::string ShortName(std::string_view name);

// ShortNameText is the inverse: "NAME.EXT" of the 11 bytes, or an empty string
// if they are not an 8.3 name.
std::string ShortNameText(std::string_view short_name);

// ShortNames returns the 11 bytes for each of the names of one directory, which
// must have passed CheckName and differ in upper case. A name that is 8.3 but
// for its case keeps its form; any other gets the first free "~n".
Result<std::vector<std::string>> ShortNames(
    const std::vector<std::string_view>& names);

// ShortNameChecksum is what binds a long name to its alias.
uint8_t ShortNameChecksum(std::string_view short_name);

}  // namespace tally::fat32
