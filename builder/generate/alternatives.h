// Links of the Debian alternatives system. docs/generators/alternatives.md.
#pragma once

#include <vector>

#include "builder/action.h"
#include "builder/tree.h"
#include "manifests/manifest.h"

namespace tally {

// GenerateAlternatives makes the links that `update-alternatives --install`
// would make for all "alternative" actions, with the choices of
// manifest.system.alternatives. Contradictions are InputErrors.
Status GenerateAlternatives(const Manifest& manifest,
                            const std::vector<Action>& actions, Tree* tree);

}  // namespace tally
