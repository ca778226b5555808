// Writing one artifact of a release, and the identities inside of it.
#pragma once

#include <string>
#include <string_view>

#include "common/staging_directory.h"
#include "formats/uuid.h"
#include "manifests/lock.h"

namespace tally {

// ImageUuid: identities are derived from the lock, so that the same inputs give
// the same identities and different inputs different ones.
inline Uuid ImageUuid(const Lock& lock, std::string_view label) {
  return DeriveUuid(lock.sha256.span(), label);
}

// WriteArtifact creates `name` with what `fill`, a Status(ByteSink&), writes.
template <typename Fill>
Status WriteArtifact(const fs::path& directory, const std::string& name,
                     const Fill& fill) {
  TALLY_ASSIGN(StagedFile file, StagedFile::Create(directory / name));
  TALLY_TRY(fill(file));
  return file.Close();
}

inline Status WriteBytes(const fs::path& directory, const std::string& name,
                         ByteSpan bytes) {
  return WriteArtifact(directory, name,
                       [&](ByteSink& sink) { return sink.Append(bytes); });
}

}  // namespace tally
