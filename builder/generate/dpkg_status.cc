// The convention is that of distroless images (PACKAGE_METADATA.md there);
// syft, grype and trivy read it.
#include "builder/generate/dpkg_status.h"

#include <algorithm>
#include <set>

#include "builder/merged_path.h"
#include "common/text.h"
#include "formats/deb822.h"

namespace tally {
namespace {

constexpr std::string_view kDpkgStatusGenerator = "dpkg-status";
constexpr std::string_view kStatusDirectory = "var/lib/dpkg/status.d/";
constexpr std::string_view kSumsEnd = ".md5sums";

// CheckPackageName holds names against Debian policy 5.6.7. A name that looks
// like another package's list of sums would be taken for one.
Status CheckPackageName(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  };
  const bool good = name.size() >= 2 && name.size() <= 200 &&
                    std::ranges::all_of(name, allowed) && name[0] != '+' &&
                    name[0] != '-' && name[0] != '.' &&
                    !name.ends_with(kSumsEnd);
  if (good) return Ok();
  return InputError("found package " + Quote(name) +
                    ", expected the name of a Debian package");
}

// FirstFieldEnd returns where the second field begins.
size_t FirstFieldEnd(std::string_view control) {
  size_t at = 0;
  do {
    at = control.find('\n', at) + 1;
  } while (at < control.size() && (control[at] == ' ' || control[at] == '\t'));
  return at;
}

Result<std::string> StatusText(const PackageRecord& package) {
  const std::string subject = "control file of package '" + package.name + "'";
  TALLY_ASSIGN(const Deb822Paragraph paragraph,
               ParseDeb822One(subject, package.control));
  for (const std::string_view field : {"Package", "Version", "Architecture"}) {
    if (!paragraph.Value(field).empty()) continue;
    return InputError(subject + ": no field " + Quote(field));
  }
  if (paragraph.Value("Package") != package.name) {
    return InputError(subject + ": found package " +
                      Quote(paragraph.Value("Package")));
  }
  if (paragraph.Find("Status") != nullptr) {
    return InputError(subject +
                      ": found field 'Status', which only an "
                      "installed package has");
  }
  // Blank lines around the paragraph would end it for some readers.
  const std::string_view first = paragraph.fields().front().name;
  const size_t begin =
      static_cast<size_t>(first.data() - package.control.data());
  const size_t end = package.control.find_last_not_of(" \t\r\n") + 1;
  std::string text = package.control.substr(begin, end - begin) + "\n";
  text.insert(FirstFieldEnd(text), "Status: install ok installed\n");
  return text;
}

// SumsText keeps the lines about files that this package has in the tree.
Result<std::string> SumsText(const PackageRecord& package, const Tree& tree) {
  constexpr size_t kDigits = 32;
  std::string text;
  std::vector<std::string> lines = Split(package.md5sums, '\n');
  if (lines.back().empty()) lines.pop_back();
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    const std::string_view digits = std::string_view(line).substr(0, kDigits);
    if (line.size() < kDigits + 3 || line.substr(kDigits, 2) != "  " ||
        !ParseHex(digits)) {
      return InputError("md5sums of package '" + package.name + "' line " +
                        std::to_string(i + 1) + ": found " + Quote(line) +
                        ", expected 32 hexadecimal digits, two spaces and a "
                        "path");
    }
    const Result<std::string> path = MergedPath(line.substr(kDigits + 2));
    if (!path) continue;  // then it was no path of this package either
    const TreeNode* node = tree.Find(*path);
    const Origin origin{"package", package.name};
    if (node != nullptr && node->origin == origin) text += line + "\n";
  }
  return text;
}

}  // namespace

Status GenerateDpkgStatus(const std::vector<PackageRecord>& packages,
                          Tree* tree) {
  std::set<std::string> names;
  for (const PackageRecord& package : packages) {
    TALLY_TRY(CheckPackageName(package.name));
    if (!names.insert(package.name).second) {
      return InputError("package '" + package.name + "' occurs twice");
    }
    const std::string path = std::string(kStatusDirectory) + package.name;
    TALLY_ASSIGN(const std::string status, StatusText(package));
    TALLY_ASSIGN(const std::string sums, SumsText(package, *tree));
    TALLY_TRY(tree->Offer(path, GeneratedFile(kDpkgStatusGenerator, status)));
    if (sums.empty()) continue;
    TALLY_TRY(tree->Offer(path + std::string(kSumsEnd),
                          GeneratedFile(kDpkgStatusGenerator, sums)));
  }
  return Ok();
}

}  // namespace tally
