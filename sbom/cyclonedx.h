// CycloneDX 1.6, JSON. See docs/formats/sbom.md.
#pragma once

#include <string>

#include "sbom/components.h"

namespace tally {

// FormatCycloneDx returns sbom.cdx.json: the same bytes for the same document.
std::string FormatCycloneDx(const SbomDocument& document);

}  // namespace tally
