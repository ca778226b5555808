#include "builder/sources/oci_layers.h"

#include <set>
#include <utility>
#include <vector>

#include "builder/merged_path.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

std::string Join(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name)
                           : std::string(directory) + "/" + std::string(name);
}

// HiddenName returns what a whiteout hides: the name behind ".wh.".
Result<std::string> HiddenName(const TarMember& member, std::string_view name) {
  const std::string hidden(name.substr(kWhiteout.size()));
  // Other names with the prefix twice are AUFS's own, and no whiteouts.
  if (hidden.empty() || hidden == "." || hidden == ".." ||
      hidden.starts_with(kWhiteout)) {
    return InputError("found whiteout " + Quote(member.path) +
                      ", expected '.wh.' and the name of a file");
  }
  return hidden;
}

}  // namespace

struct LayerMerger::Layer {
  Entries entries;
  std::vector<std::pair<std::string, std::string>> hard_links;  // path, target
  std::set<std::string> hidden;                                 // paths
  std::set<std::string> opaque;                                 // directories
};

Status LayerMerger::Add(const TarSource& source) {
  Layer layer;
  ++num_layers_;
  TALLY_TRY(ReadTar(source.content.span(), [&](TarMember member) {
    return ReadMember(member, source, &layer);
  }));
  TALLY_TRY(ApplyWhiteouts(layer));
  return ApplyEntries(&layer);
}

Status LayerMerger::ReadMember(const TarMember& member, const TarSource& source,
                               Layer* layer) {
  TALLY_ASSIGN(const std::string path, NormalPath(member.path));
  const std::string_view name = BaseName(path);
  const std::string directory(ParentPath(path));
  for (const std::string& part : Split(directory, '/')) {
    if (!part.starts_with(kWhiteout)) continue;
    return InputError("member " + Quote(member.path) +
                      " is below a whiteout, expected a directory");
  }
  const Error twice = InputError("found member " + Quote(member.path) +
                                 " again, expected it once");
  if (name.starts_with(kWhiteout)) {
    if (member.type != TarMember::Type::kFile || !member.content.empty()) {
      return InputError("whiteout " + Quote(member.path) + " is no empty file");
    }
    if (name == kOpaque) {
      if (!layer->opaque.insert(directory).second) return twice;
      return Ok();
    }
    TALLY_ASSIGN(const std::string hidden, HiddenName(member, name));
    if (!layer->hidden.insert(Join(directory, hidden)).second) return twice;
    return Ok();
  }
  TALLY_ASSIGN(SourceEntry entry, EntryFrom(member, path, source));
  if (path.empty() && entry.type != NodeType::kDirectory) {
    return InputError("the top of the layer is no directory");
  }
  // Files are linked by the layer that has them: a later one has others.
  if (!entry.inode.empty()) {
    entry.inode = std::to_string(num_layers_) + ":" + path;
  }
  if (member.type == TarMember::Type::kHardLink) {
    TALLY_ASSIGN(const std::string target, NormalPath(member.target));
    const auto earlier = layer->entries.find(target);
    if (earlier == layer->entries.end()) {
      layer->hard_links.emplace_back(path, target);
    } else if (earlier->second.type != NodeType::kFile) {
      return InputError("hard link " + Quote(member.path) + " to " +
                        Quote(member.target) + ", which is no file");
    } else {
      entry = earlier->second;
      entry.path = path;
    }
  }
  if (!layer->entries.emplace(path, std::move(entry)).second) return twice;
  return Ok();
}

Status LayerMerger::ApplyWhiteouts(const Layer& layer) {
  for (const std::string& path : layer.hidden) {
    TALLY_TRY(CheckParents(path));
    RemoveBelow(path);
    entries_.erase(path);
  }
  for (const std::string& directory : layer.opaque) {
    TALLY_TRY(CheckParents(directory));
    RemoveBelow(directory);
  }
  return Ok();
}

Status LayerMerger::ApplyEntries(Layer* layer) {
  // A link to a file that only the layers below have.
  for (const auto& [path, target] : layer->hard_links) {
    const auto found = entries_.find(target);
    if (found == entries_.end() || found->second.type != NodeType::kFile ||
        layer->entries.contains(target)) {
      return InputError("hard link " + Quote(path) + " to " + Quote(target) +
                        ", expected an earlier file of the image");
    }
    SourceEntry& entry = layer->entries.at(path);
    entry = found->second;
    entry.path = path;
  }
  for (auto& [path, entry] : layer->entries) {
    // Sorted: a parent comes before what it holds.
    TALLY_TRY(CheckParents(path));
    if (entry.type != NodeType::kDirectory) RemoveBelow(path);
    entries_[path] = std::move(entry);
  }
  return Ok();
}

// CheckParents: nothing goes through a link or a file.
Status LayerMerger::CheckParents(const std::string& path) const {
  for (std::string_view at = path; !at.empty();) {
    at = ParentPath(at);
    const auto above = entries_.find(std::string(at));
    if (above == entries_.end() || above->second.type == NodeType::kDirectory) {
      continue;
    }
    return InputError("member " + Quote(path) + " is below " + Quote(at) +
                      ", which is no directory");
  }
  return Ok();
}

void LayerMerger::RemoveBelow(const std::string& path) {
  const std::string prefix = path.empty() ? "" : path + "/";
  for (auto at = entries_.upper_bound(prefix);
       at != entries_.end() && at->first.starts_with(prefix);) {
    at = entries_.erase(at);
  }
}

SourceTree LayerMerger::Take() && {
  SourceTree tree;
  for (auto& entry : entries_) tree.push_back(std::move(entry.second));
  return tree;
}

}  // namespace tally
