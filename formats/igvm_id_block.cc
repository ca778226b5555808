#include "formats/igvm_id_block.h"

#include <algorithm>

#include "common/text.h"
#include "formats/snp_policy.h"

namespace tally {
namespace {

constexpr auto kPlatform = IgvmPlatformType::kSevSnp;

// Offsets in the ID authentication page (AMD 56860, "ID Authentication
// Information Structure").
constexpr uint64_t kIdBlockSignature = 0x40;
constexpr uint64_t kIdKey = 0x240;
constexpr uint64_t kIdKeySignature = 0x680;
constexpr uint64_t kAuthorKey = 0x880;

IgvmSnpSignature SignatureAt(ByteSpan id_auth, uint64_t offset) {
  return {.r = {id_auth.subspan(offset, kIgvmEccBytes)},
          .s = {id_auth.subspan(offset + kIgvmEccBytes, kIgvmEccBytes)}};
}

IgvmSnpPublicKey KeyAt(ByteSpan id_auth, uint64_t offset) {
  ByteReader curve("ID key", id_auth.subspan(offset, 4));
  return {.curve = curve.U32Le("curve"),
          .qx = {id_auth.subspan(offset + 4, kIgvmEccBytes)},
          .qy = {id_auth.subspan(offset + 4 + kIgvmEccBytes, kIgvmEccBytes)}};
}

void Append(const IgvmSnpSignature& signature, uint64_t offset,
            ByteWriter* page) {
  page->ZerosUntil(offset).Raw(signature.r.bytes).Raw(signature.s.bytes);
}

void Append(const IgvmSnpPublicKey& key, uint64_t offset, ByteWriter* page) {
  page->ZerosUntil(offset).U32Le(key.curve);
  page->Raw(key.qx.bytes).Raw(key.qy.bytes);
}

// IdAuthPage puts the padding back.
Bytes IdAuthPage(const IgvmSnpIdBlock& directive) {
  ByteWriter page;
  page.U32Le(directive.id_key_algorithm).U32Le(directive.author_key_algorithm);
  Append(directive.id_key_signature, kIdBlockSignature, &page);
  Append(directive.id_public_key, kIdKey, &page);
  Append(directive.author_key_signature, kIdKeySignature, &page);
  Append(directive.author_public_key, kAuthorKey, &page);
  page.ZerosUntil(kSnpIdAuthBytes);
  return std::move(page).Take();
}

// FindIdBlock returns the first ID block of SEV-SNP, or the end.
std::vector<IgvmDirective>::iterator FindIdBlock(Igvm* igvm, uint32_t mask) {
  return std::ranges::find_if(igvm->directives, [mask](const auto& directive) {
    const auto* block = std::get_if<Boxed<IgvmSnpIdBlock>>(&directive);
    return block != nullptr && ((*block)->compatibility_mask & mask) != 0;
  });
}

Result<uint32_t> SnpMask(const Igvm& igvm) {
  const IgvmPlatform* platform = FindIgvmPlatform(igvm, kPlatform);
  if (platform != nullptr) return platform->compatibility_mask;
  return InputError(
      "igvm: found no platform sev-snp, expected the one that ID blocks are "
      "for");
}

}  // namespace

Result<uint64_t> IgvmSnpPolicy(const Igvm& igvm) {
  TALLY_ASSIGN(const uint32_t mask, SnpMask(igvm));
  std::vector<uint64_t> policies;
  for (const IgvmInitialization& header : igvm.initializations) {
    const auto* policy = std::get_if<IgvmGuestPolicy>(&header);
    if (policy != nullptr && (policy->compatibility_mask & mask) != 0) {
      policies.push_back(policy->policy);
    }
  }
  if (policies.size() == 1) return policies.front();
  return InputError("igvm: found " + std::to_string(policies.size()) +
                    " guest policies for sev-snp, expected one");
}

Status AttachIgvmIdBlock(const SnpIdBlock& block, ByteSpan id_auth,
                         Igvm* igvm) {
  TALLY_ASSIGN(const uint32_t mask, SnpMask(*igvm));
  TALLY_ASSIGN(const SnpIdAuth auth, ParseSnpIdAuth(id_auth));
  TALLY_ASSIGN(const uint64_t policy, IgvmSnpPolicy(*igvm));
  if (policy != block.policy) {
    return InputError("igvm: found guest policy " + HexNumber(policy) + " (" +
                      SnpPolicyNames(policy) +
                      "), expected that of the ID "
                      "block, " +
                      HexNumber(block.policy) + " (" +
                      SnpPolicyNames(block.policy) + ")");
  }
  if (FindIdBlock(igvm, mask) != igvm->directives.end()) {
    return InputError(
        "igvm: found an ID block for sev-snp, expected a file without one");
  }
  igvm->directives.push_back(IgvmSnpIdBlock{
      .compatibility_mask = mask,
      .author_key_enabled = auth.author.has_value(),
      .launch_digest = block.launch_digest,
      .family_id = block.family_id,
      .image_id = block.image_id,
      .version = 1,
      .guest_svn = block.guest_svn,
      .id_key_algorithm = static_cast<uint32_t>(SnpAlgorithm::kEcdsaP384Sha384),
      .author_key_algorithm = static_cast<uint32_t>(auth.author_key_algorithm),
      .id_key_signature = SignatureAt(id_auth, kIdBlockSignature),
      .id_public_key = KeyAt(id_auth, kIdKey),
      .author_key_signature = SignatureAt(id_auth, kIdKeySignature),
      .author_public_key = KeyAt(id_auth, kAuthorKey)});
  return Ok();
}

Result<IgvmIdBlock> DetachIgvmIdBlock(Igvm* igvm) {
  TALLY_ASSIGN(const uint32_t mask, SnpMask(*igvm));
  const auto found = FindIdBlock(igvm, mask);
  if (found == igvm->directives.end()) {
    return InputError("igvm: found no ID block for sev-snp, expected one");
  }
  const IgvmSnpIdBlock directive = *std::get<Boxed<IgvmSnpIdBlock>>(*found);
  TALLY_ASSIGN(const uint64_t policy, IgvmSnpPolicy(*igvm));
  if (directive.version != 1) {
    return InputError("igvm: found an ID block of version " +
                      std::to_string(directive.version) + ", expected 1");
  }
  TALLY_ASSIGN(const SnpIdAuth auth, ParseSnpIdAuth(IdAuthPage(directive)));
  igvm->directives.erase(found);
  return IgvmIdBlock{.block = {.launch_digest = directive.launch_digest,
                               .family_id = directive.family_id,
                               .image_id = directive.image_id,
                               .guest_svn = directive.guest_svn,
                               .policy = policy},
                     .auth = auth};
}

}  // namespace tally
