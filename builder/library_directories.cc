// Follows parse_conf, parse_conf_include and add_dir_1 in elf/ldconfig.c of
// glibc 2.36. See docs/generators/ld-so-cache.md.
#include "builder/library_directories.h"

#include <algorithm>

#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kConfig = "etc/ld.so.conf";
constexpr std::string_view kSpace = " \t\n\v\f\r";
// Against files that include each other: many, or deep on our stack.
constexpr int kMaxFiles = 1000;
constexpr int kMaxIncludeDepth = 32;

std::string_view TrimSpace(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpace);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool HasWildcard(std::string_view text) {
  return text.find_first_of("*?[\\") != text.npos;
}

class DirectoryList {
 public:
  explicit DirectoryList(const Tree& tree) : tree_(tree) {}

  Status ReadConfig(const std::string& path) {
    const TreeNode* node = tree_.Resolve(path);
    if (node == nullptr || node->type != NodeType::kFile) return Ok();
    if (++num_files_ > kMaxFiles) {
      return InputError("'/etc/ld.so.conf' includes more than " +
                        std::to_string(kMaxFiles) + " files");
    }
    if (depth_ == kMaxIncludeDepth) {
      return InputError("'/etc/ld.so.conf' includes files more than " +
                        std::to_string(kMaxIncludeDepth) + " deep");
    }
    ++depth_;
    const std::vector<std::string> lines =
        Split(AsText(node->content.span()), '\n');
    for (size_t i = 0; i < lines.size(); ++i) {
      TALLY_TRY(ReadLine(path, i + 1, lines[i]));
    }
    --depth_;
    return Ok();
  }

  void Add(std::string_view written) {
    while (written.ends_with('/')) written.remove_suffix(1);
    const std::string path(written);
    if (!AddOne(path, "")) return;
    const std::string hwcaps = found_.back().resolved + "/glibc-hwcaps";
    const auto resolved = tree_.ResolvePath(hwcaps);
    if (!resolved) return;
    for (const std::string& name : tree_.Children(*resolved)) {
      // The loader can not look up a name with ':'.
      if (name.starts_with('.') || name.find(':') != name.npos) continue;
      AddOne(path + "/glibc-hwcaps/" + name, name);
    }
  }

  std::vector<LibraryDirectory> Take() { return std::move(found_); }

 private:
  Status ReadLine(const std::string& path, size_t number,
                  std::string_view line) {
    const std::string_view text = TrimSpace(line.substr(0, line.find('#')));
    if (text.empty()) return Ok();
    if (text.starts_with("include") && text.size() > 7 && IsBlank(text[7])) {
      return Include(path, number, text.substr(8));
    }
    // Ignored by ldconfig too, since glibc 2.33.
    if (text.starts_with("hwcap") && text.size() > 5 && IsBlank(text[5])) {
      return Ok();
    }
    if (!text.starts_with('/')) {
      return InputError("'/" + path + "' line " + std::to_string(number) +
                        ": found " + Quote(text) +
                        ", expected an absolute directory or 'include'");
    }
    // "DIRECTORY=libc6" names a type of library that no longer matters.
    Add(TrimSpace(text.substr(0, text.find('='))));
    return Ok();
  }

  Status Include(const std::string& path, size_t number,
                 std::string_view patterns) {
    std::string words(patterns);
    std::ranges::replace(words, '\t', ' ');
    for (const std::string& word : Split(words, ' ')) {
      if (word.empty()) continue;
      const std::string pattern =
          word.starts_with('/') ? word.substr(1)
                                : std::string(ParentPath(path)) + "/" + word;
      const std::string directory(ParentPath(pattern));
      const std::string name(BaseName(pattern));
      if (HasWildcard(directory) || name.find_first_of("[\\") != name.npos) {
        return InputError("'/" + path + "' line " + std::to_string(number) +
                          ": found pattern " + Quote(word) +
                          ", expected '*' and '?' in the file name only");
      }
      TALLY_TRY(IncludeMatching(directory, name));
    }
    return Ok();
  }

  Status IncludeMatching(const std::string& directory,
                         const std::string& pattern) {
    const auto resolved = tree_.ResolvePath(directory);
    if (!resolved) return Ok();
    for (const std::string& name : tree_.Children(*resolved)) {
      // As glob(3): a wildcard does not match a leading dot.
      if (name.starts_with('.') && !pattern.starts_with('.')) continue;
      if (!GlobMatches(pattern, name)) continue;
      TALLY_TRY(ReadConfig(directory + "/" + name));
    }
    return Ok();
  }

  // AddOne says whether the directory exists and is new.
  bool AddOne(const std::string& path, const std::string& hwcaps) {
    const auto resolved = tree_.ResolvePath(path);
    if (!resolved || tree_.Find(*resolved)->type != NodeType::kDirectory) {
      return false;
    }
    if (std::ranges::find(found_, *resolved, &LibraryDirectory::resolved) !=
        found_.end()) {
      return false;
    }
    found_.push_back({.path = path, .resolved = *resolved, .hwcaps = hwcaps});
    return true;
  }

  const Tree& tree_;
  std::vector<LibraryDirectory> found_;
  int num_files_ = 0;
  int depth_ = 0;
};

}  // namespace

std::vector<std::string> DefaultLibraryDirectories(std::string_view triplet) {
  const std::string name(triplet);
  return {"/lib/" + name, "/usr/lib/" + name, "/lib", "/usr/lib"};
}

Result<std::vector<LibraryDirectory>> FindLibraryDirectories(
    std::string_view triplet, const Tree& tree) {
  DirectoryList directories(tree);
  TALLY_TRY(directories.ReadConfig(std::string(kConfig)));
  for (const std::string& path : DefaultLibraryDirectories(triplet)) {
    directories.Add(path);
  }
  return directories.Take();
}

}  // namespace tally
