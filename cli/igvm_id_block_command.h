// tally id-block attach, detach: the owner's statement inside of an IGVM file.
#pragma once

#include <optional>

#include "cli/console.h"
#include "common/file.h"

namespace tally {

struct IdBlockAttachFlags {
  fs::path igvm;
  fs::path directory;  // of `id-block create`
  fs::path output;     // a new file
  // Attach even if the file is measured to another launch digest.
  bool allow_different_digest = false;
};
// RunIdBlockAttach writes the file with the ID block; its signatures are
// checked.
Status RunIdBlockAttach(const IdBlockAttachFlags& flags, Console& console);

struct IdBlockDetachFlags {
  fs::path igvm;
  fs::path output;                    // a new file
  std::optional<fs::path> directory;  // where to put the ID block
};
// RunIdBlockDetach writes the file without its ID block: the bytes that
// `attach` was given, if they were in the canonical form.
Status RunIdBlockDetach(const IdBlockDetachFlags& flags, Console& console);

}  // namespace tally
