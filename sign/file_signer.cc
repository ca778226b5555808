#include "sign/file_signer.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/file.h"
#include "sign/openssl.h"

namespace tally {
namespace {

// TextOf copies what was written to a memory BIO.
std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size))
                  : std::string();
}

}  // namespace

struct FileSigner::State {
  openssl::Key key;
  PublicKey public_key;
};

FileSigner::FileSigner(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
FileSigner::FileSigner(FileSigner&&) noexcept = default;
FileSigner& FileSigner::operator=(FileSigner&&) noexcept = default;
FileSigner::~FileSigner() = default;

Result<FileSigner> FileSigner::FromPem(std::string_view pem) {
  TALLY_ASSIGN(openssl::Key key, openssl::ParsePrivateKey(pem));
  TALLY_ASSIGN(PublicKey public_key, openssl::PublicHalf(key.get()));
  return FileSigner(
      std::make_unique<State>(State{std::move(key), std::move(public_key)}));
}

Result<FileSigner> FileSigner::Load(const std::filesystem::path& path) {
  TALLY_ASSIGN(std::string pem, ReadTextFile(path, openssl::kMaxPemBytes));
  Result<FileSigner> signer = FromPem(pem);
  OPENSSL_cleanse(pem.data(), pem.size());
  if (!signer) {
    return std::move(signer).error().While("reading key '" + path.string() +
                                           "'");
  }
  return signer;
}

const PublicKey& FileSigner::public_key() const { return state_->public_key; }

Result<Bytes> FileSigner::Sign(ByteSpan message) const {
  const openssl::MdContext context(EVP_MD_CTX_new());
  const EVP_MD* digest = openssl::DigestOf(state_->public_key.type());
  size_t size = 0;
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, digest, nullptr,
                         state_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, message.data(),
                     message.size()) != 1) {
    return openssl::LastError("cannot sign");
  }
  Bytes signature(size);
  if (EVP_DigestSign(context.get(), signature.data(), &size, message.data(),
                     message.size()) != 1) {
    return openssl::LastError("cannot sign");
  }
  signature.resize(size);
  return signature;
}

Result<KeyPair> GenerateKey(KeyType type) {
  const openssl::Key key(type == KeyType::kEcdsaP256
                             ? EVP_EC_gen("P-256")
                             : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (key == nullptr) return openssl::LastError("cannot generate a key");
  TALLY_ASSIGN(const PublicKey public_key, openssl::PublicHalf(key.get()));

  const openssl::Bio bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0,
                                    nullptr, nullptr) != 1) {
    return openssl::LastError("cannot write a key");
  }
  return KeyPair{.private_pem = TextOf(bio.get()),
                 .public_pem = public_key.pem()};
}

}  // namespace tally
