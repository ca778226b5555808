#include "cli/igvm_id_block_command.h"

#include <algorithm>

#include "cli/snp_identity.h"
#include "common/text.h"
#include "formats/igvm_id_block.h"
#include "measure/igvm_snp.h"

namespace tally {
namespace {

std::string Reading(const fs::path& path) {
  return "reading " + Quote(path.string());
}

// OpenedIgvm is a model that points into its file.
struct OpenedIgvm {
  MappedFile file;
  Igvm igvm;
  // Whether the file is what we write of the model.
  bool canonical = false;
};

Result<OpenedIgvm> OpenIgvm(const fs::path& path) {
  TALLY_ASSIGN(MappedFile file, MappedFile::Open(path));
  Result<Igvm> igvm = ParseIgvm(file.bytes());
  if (!igvm) return std::move(igvm).error().While(Reading(path));
  TALLY_ASSIGN(const Bytes written, WriteIgvm(*igvm));
  const bool canonical = std::ranges::equal(written, file.bytes());
  return OpenedIgvm{std::move(file), std::move(*igvm), canonical};
}

Status CheckOutputFile(const fs::path& path) {
  if (path.empty()) return UsageError("--output is '', expected a file");
  if (IsAbsent(path)) return Ok();
  return UsageError("output " + Quote(path.string()) +
                    " exists, expected a new name");
}

// CheckDigest: the firmware will refuse to start a guest that its ID block does
// not describe.
Status CheckDigest(const Igvm& igvm, const SnpIdBlock& block) {
  TALLY_ASSIGN(const IgvmSnpMeasurement measured,
               MeasureIgvmSnp(igvm, IgvmZeroPages::kNormal));
  const SnpLaunchDigest expected(block.launch_digest);
  if (measured.launch_digest == expected) return Ok();
  return DigestMismatch("launch digest of the file", expected.hex(),
                        measured.launch_digest.hex())
      .Hint(
          "a guest with more processors than the file names has another "
          "digest: --allow-different-digest attaches the ID block all the "
          "same");
}

// Attach leaves the model pointing into `id_auth`.
Status Attach(const SnpIdBlock& block, ByteSpan id_auth,
              const IdBlockAttachFlags& flags, Igvm* igvm) {
  TALLY_TRY(AttachIgvmIdBlock(block, id_auth, igvm));
  if (flags.allow_different_digest) return Ok();
  return CheckDigest(*igvm, block);
}

void WarnIfRewritten(const OpenedIgvm& opened, const fs::path& path,
                     Console& console) {
  if (opened.canonical) return;
  console.Warn(Quote(path.string()) +
               " is laid out in another way than ours: the output holds the "
               "same headers and data at other places, and measures the same");
}

Status Publish(const Igvm& igvm, const fs::path& path) {
  TALLY_ASSIGN(const Bytes bytes, WriteIgvm(igvm));
  return WriteFileAtomic(path, bytes);
}

Json::Object Record(const SnpIdBlock& block, const SnpIdAuth& auth,
                    const fs::path& output) {
  return {
      {"launch_digest", Hex(block.launch_digest)},
      {"id_key_digest", SnpKeyDigest(auth.id_key).hex()},
      {"author_key_digest", auth.author ? Json(AuthorDigest(auth)) : Json()},
      {"output", PathJson(output)}};
}

std::string Text(const SnpIdBlock& block, const SnpIdAuth& auth,
                 const fs::path& output) {
  return "launch_digest=" + Hex(block.launch_digest) +
         "\nid_key_digest=" + SnpKeyDigest(auth.id_key).hex() +
         "\nauthor_key_digest=" + AuthorDigest(auth) +
         "\noutput=" + output.string() + "\n";
}

}  // namespace

Status RunIdBlockAttach(const IdBlockAttachFlags& flags, Console& console) {
  TALLY_TRY(CheckOutputFile(flags.output));
  TALLY_ASSIGN(const SnpIdentity identity,
               LoadSnpIdentity({.directory = flags.directory}));
  if (Status status = CheckSnpSignatures(identity); !status) {
    return std::move(status).error().While(Reading(flags.directory));
  }
  TALLY_ASSIGN(OpenedIgvm opened, OpenIgvm(flags.igvm));
  const Bytes id_auth = EncodeSnpIdAuth(identity.auth);
  Status attached = Attach(identity.block, id_auth, flags, &opened.igvm);
  if (!attached) {
    return std::move(attached).error().While("attaching to " +
                                             Quote(flags.igvm.string()));
  }
  TALLY_TRY(Publish(opened.igvm, flags.output));
  WarnIfRewritten(opened, flags.igvm, console);
  console.Answer(Text(identity.block, identity.auth, flags.output),
                 Record(identity.block, identity.auth, flags.output));
  return Ok();
}

Status RunIdBlockDetach(const IdBlockDetachFlags& flags, Console& console) {
  TALLY_TRY(CheckOutputFile(flags.output));
  if (flags.directory) TALLY_TRY(CheckIdentityOutput(*flags.directory));
  TALLY_ASSIGN(OpenedIgvm opened, OpenIgvm(flags.igvm));
  const Result<IgvmIdBlock> detached = DetachIgvmIdBlock(&opened.igvm);
  if (!detached) {
    return Error(detached.error()).While(Reading(flags.igvm));
  }
  const IgvmIdBlock& found = *detached;
  if (flags.directory) {
    TALLY_TRY(WriteSnpIdentity(*flags.directory, {found.block, found.auth}));
  }
  TALLY_TRY(Publish(opened.igvm, flags.output));
  WarnIfRewritten(opened, flags.igvm, console);
  console.Answer(Text(found.block, found.auth, flags.output),
                 Record(found.block, found.auth, flags.output));
  return Ok();
}

}  // namespace tally
