/* sign.c - Ed25519 by OpenSSL. A verification that cannot be made is a refusal. */
#include "base/sign.h"

#include <openssl/evp.h>

static void must(bool ok)
{
    if (!ok) {
        fputs("gpca: the cryptographic library failed\n", stderr);
        abort();
    }
}

void sign_public(uint8_t out[SIGN_PUBLIC_BYTES], const uint8_t seed[SIGN_SEED_BYTES])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed,
                                                 SIGN_SEED_BYTES);
    size_t len = SIGN_PUBLIC_BYTES;

    must(key && EVP_PKEY_get_raw_public_key(key, out, &len) == 1);
    EVP_PKEY_free(key);
}

void sign_message(uint8_t out[SIGN_BYTES], const uint8_t seed[SIGN_SEED_BYTES],
                  struct str message)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed,
                                                 SIGN_SEED_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = SIGN_BYTES;

    must(key && context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1);
    must(EVP_DigestSign(context, out, &len, (const unsigned char *)message.at,
                        message.len) == 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

bool sign_verify(const uint8_t public[SIGN_PUBLIC_BYTES], const uint8_t signature[SIGN_BYTES],
                 struct str message)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public,
                                                SIGN_PUBLIC_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good;

    must(context != NULL);
    good = key && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
           EVP_DigestVerify(context, signature, SIGN_BYTES,
                            (const unsigned char *)message.at, message.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}
