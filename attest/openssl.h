// Owning pointers for OpenSSL. Only for this folder's .cc files.
#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

namespace tally::openssl {

struct FreeObject {
  void operator()(ASN1_OBJECT* object) const { ASN1_OBJECT_free(object); }
  // Times, integers and bit strings are of this type.
  void operator()(ASN1_STRING* text) const { ASN1_STRING_free(text); }
  void operator()(BASIC_CONSTRAINTS* constraints) const {
    BASIC_CONSTRAINTS_free(constraints);
  }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
  void operator()(OSSL_PARAM_BLD* builder) const {
    OSSL_PARAM_BLD_free(builder);
  }
  void operator()(RSA_PSS_PARAMS* parameters) const {
    RSA_PSS_PARAMS_free(parameters);
  }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_ALGOR* algorithm) const { X509_ALGOR_free(algorithm); }
  void operator()(X509_CRL* list) const { X509_CRL_free(list); }
};

// Owned<T> frees its T with T's own function.
template <typename T>
using Owned = std::unique_ptr<T, FreeObject>;

struct FreeMemory {
  void operator()(void* memory) const { OPENSSL_free(memory); }
};
// What the i2d and bn2dec functions allocate.
template <typename T>
using OwnedMemory = std::unique_ptr<T, FreeMemory>;

}  // namespace tally::openssl
