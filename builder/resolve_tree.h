// The packages of one tree while it is being resolved.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/catalog.h"
#include "formats/debian_version.h"
#include "manifests/manifest.h"

namespace tally {

// Fulfils says whether the package itself, or something it provides, satisfies
// the relation on `architecture`. A malformed Provides provides nothing here:
// TreePackages::Add reports it.
bool Fulfils(const Candidate& candidate, const Relation& relation,
             std::string_view architecture);

// TreePackages is the packages chosen so far, and why.
class TreePackages {
 public:
  struct Node {
    Candidate candidate;
    std::string_view parent;  // empty: requested by the manifest
    Location where;           // of the request at the chain's begin
  };

  explicit TreePackages(std::string_view architecture)
      : architecture_(architecture) {}

  // Add does nothing if the name is there.
  Status Add(const Candidate& candidate, std::string_view parent,
             const Location& where);
  const Node* Find(std::string_view name) const;
  // Fulfilling returns the first chosen package, by name, that satisfies the
  // relation, other than the one named `except`; null if there is none.
  const Node* Fulfilling(const Relation& relation,
                         std::string_view except = {}) const;
  // Chain returns "curl > libcurl4 > libc6" for the last of these.
  std::string Chain(std::string_view name) const;
  // Conflict is two packages of which `package` conflicts with or breaks
  // `other`.
  struct Conflict {
    std::string_view package;
    std::string_view other;
    Error error;
  };
  // FindConflict returns the first one by name of `package`, if there is one.
  Result<std::optional<Conflict>> FindConflict() const;

  const std::map<std::string_view, Node>& nodes() const { return nodes_; }

 private:
  Result<std::optional<Conflict>> FindConflictOf(const Node& node) const;

  std::string_view architecture_;
  std::map<std::string_view, Node> nodes_;
  std::map<std::string_view, std::vector<std::string_view>> provided_;
};

// ReadRelations parses one field of a package; errors name both.
Result<std::vector<Alternatives>> ReadRelations(const Candidate& candidate,
                                                std::string_view field_name,
                                                std::string_view value);

}  // namespace tally
