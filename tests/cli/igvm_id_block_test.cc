// ID blocks go into IGVM files and come out again.
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/igvm_id_block_command.h"
#include "cli/snp_identity.h"
#include "cli/snp_igvm.h"
#include "measure/igvm_snp.h"
#include "measure/vcpu_types.h"
#include "tests/support/make_certificate.h"
#include "tests/support/make_ovmf.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

constexpr uint64_t kIdPolicy = 0x30000;

// Halves splits what belongs together: coordinates, or r and s.
template <typename Pair>
Pair Halves(const Bytes& bytes) {
  Pair pair;
  auto& [first, second] = pair;
  std::copy_n(bytes.begin(), 48, first.begin());
  std::copy_n(bytes.begin() + 48, 48, second.begin());
  return pair;
}

SnpIdentity IdentityFor(const SnpLaunchDigest& digest) {
  const test::TestKey id_key = test::TestKey::P384();
  const test::TestKey author_key = test::TestKey::P384();
  SnpIdentity identity;
  identity.block.launch_digest = digest.array();
  identity.block.policy = kIdPolicy;
  SnpIdAuth& auth = identity.auth;
  auth.id_key = ToFormat(Halves<P384Point>(id_key.Point()));
  auth.id_block_signature = ToFormat(Halves<P384Signature>(
      id_key.SignEcdsa(EncodeSnpIdBlock(identity.block))));
  auth.author =
      SnpAuthor{.key = ToFormat(Halves<P384Point>(author_key.Point())),
                .id_key_signature = ToFormat(Halves<P384Signature>(
                    author_key.SignEcdsa(EncodeSnpPublicKey(auth.id_key))))};
  return identity;
}

TEST(IgvmIdBlockCommand, AttachAndDetachGiveBackWhatTheyWereGiven) {
  const test::Scratch scratch;
  const Bytes firmware = test::MakeOvmf();
  const SnpLaunch launch{
      .firmware = firmware,
      .vcpu_signature = FindVcpuType("EPYC-v4").value().signature()};
  const Bytes file = BuildSnpIgvm(launch, kIdPolicy).value();
  const fs::path igvm = scratch.Write("guest.igvm", AsText(file));
  const SnpLaunchDigest digest =
      MeasureIgvmSnp(ParseIgvm(file).value(), IgvmZeroPages::kNormal)
          .value()
          .launch_digest;
  const SnpIdentity identity = IdentityFor(digest);
  const fs::path directory = scratch.path() / "id";
  ASSERT_TRUE(WriteSnpIdentity(directory, identity));

  std::FILE* out = std::tmpfile();
  Console console(out, out);
  const fs::path attached = scratch.path() / "attached.igvm";
  const Status attach = RunIdBlockAttach(
      {.igvm = igvm, .directory = directory, .output = attached}, console);
  ASSERT_TRUE(attach) << attach.error().ToString();
  const fs::path detached = scratch.path() / "detached.igvm";
  const fs::path again = scratch.path() / "again";
  const Status detach = RunIdBlockDetach(
      {.igvm = attached, .output = detached, .directory = again}, console);
  ASSERT_TRUE(detach) << detach.error().ToString();
  std::fclose(out);
  EXPECT_EQ(test::MustRead(detached), file);
  for (const char* name : {"id-block.bin", "id-auth.bin"}) {
    EXPECT_EQ(test::MustRead(again / name), test::MustRead(directory / name));
  }
}

}  // namespace
}  // namespace tally
