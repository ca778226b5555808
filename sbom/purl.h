// Package URLs: names of components that scanners understand.
//
// Follows package-url/purl-spec, PURL-SPECIFICATION and types-doc/deb, commit
// 16f3d0e3 (2026-08-21).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/digest.h"
#include "common/result.h"

namespace tally {

struct Purl {
  std::string type;                     // "deb"
  std::vector<std::string> namespaces;  // "debian"
  std::string name;
  std::string version;                            // empty: none
  std::map<std::string, std::string> qualifiers;  // empty values are dropped
};

// FormatPurl returns the canonical form. Type and qualifier keys are lowered;
// for the
// types "deb" and "oci" the namespace and the name as well.
std::string FormatPurl(const Purl& purl);

// PercentEncoded returns `text` with everything but ASCII letters, digits and
// ".-_~:" as %XX, upper case.
std::string PercentEncoded(std::string_view text);

// GenericPurl names a file that no package manager knows by the last part of
// `path`. `version` and `url` may be empty.
std::string GenericPurl(const std::string& path, const std::string& version,
                        const Sha256Digest& sha256,
                        const std::string& url = "");

}  // namespace tally
