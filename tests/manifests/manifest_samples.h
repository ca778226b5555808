// A manifest and a lock with every key, all values distinct, for the tests to
// change one thing at a time.
#pragma once

#include <string>
#include <string_view>

#include "manifests/lock.h"

namespace tally::test {

// FullManifest has every key of the schema.
std::string FullManifest();
// FullLock belongs to FullManifest.
Lock FullLock();

// Replaced returns `text` with the one occurrence of `from` replaced. It ends
// the test run if `from` is not there exactly once.
std::string Replaced(std::string text, std::string_view from,
                     std::string_view to);

// WithHints returns the error's message with its hints, one per line.
std::string WithHints(const Error& error);

}  // namespace tally::test
