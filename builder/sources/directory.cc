#include "builder/sources/directory.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "builder/local_files.h"
#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

// Larger files are mapped: then memory does not grow with them.
constexpr off_t kMaxReadBytes = 1 << 20;

// CheckListedName refuses what the lines of a listing could not hold.
Status CheckListedName(const std::string& path) {
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  };
  if (std::ranges::none_of(path, is_control)) return Ok();
  return InputError(Quote(path) +
                    " has a control byte, expected names without");
}

// CheckLink: ".." only in front, and no more of them than the link is deep. So
// every link stays inside, also by way of other links.
Status CheckLink(const std::string& path, const std::string& target) {
  TALLY_TRY(CheckListedName(target));
  auto depth = std::ranges::count(path, '/');
  bool in_front = true;
  bool leaves = target.empty() || target.front() == '/';
  for (const std::string& part : Split(target, '/')) {
    if (part == "..") {
      leaves = leaves || !in_front || --depth < 0;
    } else if (part != "." && !part.empty()) {
      in_front = false;
    }
  }
  if (!leaves) return Ok();
  return InputError("symbolic link " + Quote(path) + " to " + Quote(target) +
                    ", expected a target inside of the directory, with '..' "
                    "only in front");
}

// Walk collects the entries below one directory.
class Walk {
 public:
  Walk(fs::path top, MappedFiles* mapped)
      : top_(std::move(top)), mapped_(mapped) {}

  Result<SourceTree> Run() {
    std::vector<std::string> todo = {""};
    while (!todo.empty()) {
      const std::string directory = std::move(todo.back());
      todo.pop_back();
      TALLY_TRY(ReadNames(directory, &todo));
    }
    std::ranges::sort(tree_, {}, &SourceEntry::path);
    return std::move(tree_);
  }

 private:
  Status ReadNames(const std::string& directory,
                   std::vector<std::string>* todo) {
    std::error_code error;
    fs::directory_iterator names(top_ / directory, error);
    if (error) {
      return InputError("cannot read directory " +
                        Quote((top_ / directory).string()) + ": " +
                        error.message());
    }
    for (; names != fs::directory_iterator(); names.increment(error)) {
      if (error) break;
      const std::string name = names->path().filename().string();
      if (name == ".git") continue;
      const std::string path =
          directory.empty() ? name : directory + "/" + name;
      TALLY_TRY(ReadEntry(path));
      if (tree_.back().type == NodeType::kDirectory) todo->push_back(path);
    }
    if (!error) return Ok();
    return IoError("cannot read " + Quote((top_ / directory).string()));
  }

  Status ReadEntry(const std::string& path) {
    if (tree_.size() == kMaxListingEntries) {
      return InputError(Quote(top_.string()) + " has more than " +
                        std::to_string(kMaxListingEntries) + " entries");
    }
    TALLY_TRY(CheckListedName(path));
    const fs::path at = top_ / path;
    struct stat info = {};
    if (lstat(at.c_str(), &info) != 0) {
      return ErrnoError("cannot read " + Quote(at.string()), errno);
    }
    SourceEntry entry;
    entry.path = path;
    entry.mode = 0755;
    if (S_ISDIR(info.st_mode)) {
      entry.type = NodeType::kDirectory;
    } else if (S_ISLNK(info.st_mode)) {
      std::error_code error;
      entry.type = NodeType::kSymlink;
      entry.mode = 0777;
      entry.symlink_target = fs::read_symlink(at, error).string();
      if (error) return IoError("cannot read " + Quote(at.string()));
      TALLY_TRY(CheckLink(path, entry.symlink_target));
    } else if (S_ISREG(info.st_mode)) {
      entry.mode = (info.st_mode & 0100) != 0 ? 0755 : 0644;
      TALLY_ASSIGN(entry.content, OpenFile(at, info.st_size, mapped_));
    } else {
      return InputError(Quote(at.string()) +
                        " is a device, socket or pipe, expected a file, "
                        "directory or symbolic link");
    }
    tree_.push_back(std::move(entry));
    return Ok();
  }

 public:
  static Result<Content> OpenFile(const fs::path& path, off_t size_bytes,
                                  MappedFiles* mapped) {
    if (size_bytes > kMaxReadBytes) return mapped->Map(path);
    TALLY_ASSIGN(Bytes bytes, ReadFile(path, kMaxReadBytes));
    return MakeContent(std::move(bytes));
  }

 private:
  fs::path top_;
  MappedFiles* mapped_;
  SourceTree tree_;
};

uint64_t TotalBytes(const SourceTree& tree) {
  uint64_t total = 0;
  for (const SourceEntry& entry : tree) total += entry.content.size_bytes();
  return total;
}

// FirstDifference names the first line in which two listings differ.
std::string FirstDifference(const std::string& expected,
                            const std::string& found) {
  const std::vector<std::string> a = Split(expected, '\n');
  const std::vector<std::string> b = Split(found, '\n');
  const auto path = [](const std::string& line) {
    const std::vector<std::string> fields = Split(line, '\t');
    return fields.size() > 1 ? fields[1] : std::string();
  };
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i] == b[i]) continue;
    const std::string was = path(a[i]);
    const std::string is = path(b[i]);
    if (was == is) return Quote(is) + " is different";
    const bool missing = !was.empty() && (is.empty() || was < is);
    return missing ? Quote(was) + " is missing" : Quote(is) + " is new";
  }
  return "";
}

Error Differs(const fs::path& directory, const LockedDirectory& locked,
              const Store& store, const std::string& listing) {
  std::string text =
      Quote(directory.string()) + " is not the directory that the lock names";
  const std::optional<uint64_t> size = store.SizeOf(locked.sha256);
  if (size) {
    const Result<MappedFile> old = store.Read(locked.sha256, *size);
    if (old) {
      text +=
          ": " + FirstDifference(std::string(AsText(old->bytes())), listing);
    }
  }
  return InputError(text + "\n  expected " + locked.sha256.hex() +
                    "\n       got " + Sha256(AsBytes(listing)).hex())
      .Hint("if the change is meant, run tally lock again");
}

// ReadListed reads the files that a listing names.
Result<SourceTree> ReadListed(const fs::path& directory,
                              const fs::path& listing_path,
                              const LockedDirectory& locked,
                              MappedFiles* mapped) {
  TALLY_ASSIGN(const std::string text,
               ReadTextFile(listing_path, kMaxDirectoryListingBytes));
  const Sha256Digest got = Sha256(AsBytes(text));
  if (got != locked.sha256) {
    return InputError(Quote(listing_path.string()) +
                      " is not the listing that the lock names\n  expected " +
                      locked.sha256.hex() + "\n       got " + got.hex());
  }
  std::map<std::string, uint64_t> sizes;
  TALLY_ASSIGN(SourceTree tree, ParseDirectoryListing(text, &sizes));
  for (SourceEntry& entry : tree) {
    if (entry.type == NodeType::kSymlink) {
      TALLY_TRY(CheckLink(entry.path, entry.symlink_target));
    }
    if (entry.type != NodeType::kFile) continue;
    const uint64_t size = sizes.at(entry.path);
    TALLY_ASSIGN(const fs::path at, LocalPath(directory, entry.path));
    TALLY_ASSIGN(Content content,
                 Walk::OpenFile(at, static_cast<off_t>(size), mapped));
    if (content.sha256 != entry.content.sha256 ||
        content.size_bytes() != size) {
      return InputError(Quote(at.string()) +
                        " is not the file that its listing names\n  expected " +
                        entry.content.sha256.hex() + "\n       got " +
                        content.sha256.hex());
    }
    entry.content = std::move(content);
  }
  return tree;
}

}  // namespace

Result<SourceTree> ReadDirectory(const fs::path& root, const std::string& path,
                                 MappedFiles* mapped) {
  TALLY_ASSIGN(const fs::path top, LocalPath(root, path));
  Result<SourceTree> tree = Walk(top, mapped).Run();
  if (tree) return tree;
  return std::move(tree).error().While("reading directory " +
                                       Quote(top.string()));
}

Result<LockedDirectory> LockDirectory(const fs::path& root,
                                      const std::string& path, Store& store) {
  MappedFiles mapped;
  TALLY_ASSIGN(const SourceTree tree, ReadDirectory(root, path, &mapped));
  const std::string listing = FormatListing(tree);
  TALLY_ASSIGN(const Sha256Digest sha256, store.Put(AsBytes(listing)));
  return LockedDirectory{.path = path,
                         .num_entries = tree.size(),
                         .size_bytes = TotalBytes(tree),
                         .sha256 = sha256};
}

Result<SourceTree> ReadLockedDirectory(const fs::path& root,
                                       const LockedDirectory& locked,
                                       const Store& store,
                                       MappedFiles* mapped) {
  const fs::path listing_path = root / (locked.path + kListingSuffix);
  if (!IsAbsent(listing_path)) {
    TALLY_ASSIGN(const fs::path directory, LocalPath(root, locked.path));
    return ReadListed(directory, listing_path, locked, mapped);
  }
  TALLY_ASSIGN(SourceTree tree, ReadDirectory(root, locked.path, mapped));
  const std::string listing = FormatListing(tree);
  if (Sha256(AsBytes(listing)) == locked.sha256 &&
      tree.size() == locked.num_entries &&
      TotalBytes(tree) == locked.size_bytes) {
    return tree;
  }
  return Differs(root / locked.path, locked, store, listing);
}

}  // namespace tally
