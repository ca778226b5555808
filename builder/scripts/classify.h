// What becomes of each maintainer script: docs/maintainer-scripts.md.
#pragma once

#include <string>
#include <vector>

#include "builder/archive.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// ScriptUse says what a package is for.
enum class ScriptUse {
  kSystem,     // it is part of the root, as if dpkg had installed it
  kFilesOnly,  // only its files are used: kernel, firmware, initrd
};

// ScriptClassifier goes through the packages of a lock, in any order, and
// gathers what is wrong, so that one run names all of it.
class ScriptClassifier {
 public:
  // The manifest must outlive the classifier.
  explicit ScriptClassifier(const Manifest& manifest);

  // Classify returns the scripts of one package, sorted by name. A script that
  // is neither known nor acknowledged is left out, and remembered for Finish.
  std::vector<LockedScript> Classify(const LockedPackage& package,
                                     const DebControl& control, ScriptUse use);

  // Finish is an InputError if anything was wrong: scripts that nobody
  // knows, entries of the manifest whose actions do not parse, that belong to
  // another version of a script, or that acknowledge nothing. It names all of
  // them; hints are manifest entries to paste and how to read the scripts.
  Status Finish() const;

 private:
  struct Problem {
    std::string text;
    // Of an unknown script: the command that prints it, and the manifest's
    // entry for it. Else empty.
    std::string read = {};
    std::string entry = {};
  };

  // Settle fills in disposition and actions; or adds a problem and says false.
  bool Settle(const LockedPackage& package, ByteSpan bytes,
              LockedScript* script);
  const ScriptSpec* JudgeSpec(const std::string& package,
                              const std::string& script);
  void AddUnknown(const LockedPackage& package, const LockedScript& script,
                  const std::string& text);

  const Manifest* manifest_;
  std::vector<Problem> problems_;
  std::vector<bool> judged_;  // whose entries of the manifest met their script
};

}  // namespace tally
