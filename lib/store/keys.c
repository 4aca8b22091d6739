/* keys.c - see keys.h. The origin is HOST/gpca/RANDOM: unique without any registry, and
 * free of what a note's key name must not hold. */
#include "store/keys.h"

#include <unistd.h>

#include "base/disk.h"
#include "base/limits.h"

static int path_of(char out[LIMIT_PATH_BYTES], const char *dir, const char *name,
                   struct err *err)
{
    if (snprintf(out, LIMIT_PATH_BYTES, "%s/keys%s%s", dir, *name ? "/" : "", name) >=
        LIMIT_PATH_BYTES - 8)
        return err_set(err, ERR_LIMIT, "the path of the store is too long");
    return 0;
}

static int write_key(const char *dir, const char *name, const void *bytes, size_t len,
                     struct err *err)
{
    char folder[LIMIT_PATH_BYTES];
    char path[LIMIT_PATH_BYTES];
    int rc;

    if ((rc = path_of(folder, dir, "", err)) < 0 || (rc = path_of(path, dir, name, err)) < 0)
        return rc;
    return disk_replace(folder, path, (struct str){bytes, len}, 0600, err);
}

static void make_origin(char out[NOTE_NAME_MAX])
{
    char host[65] = "";
    uint32_t mark;

    if (gethostname(host, sizeof host - 1) < 0 || host[0] == '\0')
        snprintf(host, sizeof host, "host");
    for (char *p = host; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
              (*p >= '0' && *p <= '9') || *p == '.' || *p == '-'))
            *p = '-';
    hash_random(&mark, sizeof mark);
    snprintf(out, NOTE_NAME_MAX, "%s/gpca/%08x", host, mark);
}

int keys_create(struct keys *out, const char *dir, struct err *err)
{
    char folder[LIMIT_PATH_BYTES];
    char origin[NOTE_NAME_MAX];
    uint8_t public[SIGN_PUBLIC_BYTES];
    uint8_t commitment[HASH_BYTES];
    int rc;

    make_origin(origin);
    hash_random(out->signing, sizeof out->signing);
    hash_random(commitment, sizeof commitment);
    hash_key_init(&out->commitment, commitment);
    hash_random(out->content, sizeof out->content);
    sign_public(public, out->signing);
    if ((rc = note_key_init(&out->verifier, str_of(origin), public, err)) < 0 ||
        (rc = path_of(folder, dir, "", err)) < 0 ||
        (rc = disk_make_dir(folder, 0700, err)) < 0 ||
        (rc = write_key(dir, "origin", origin, strlen(origin), err)) < 0 ||
        (rc = write_key(dir, "signing", out->signing, sizeof out->signing, err)) < 0 ||
        (rc = write_key(dir, "commitment", commitment, sizeof commitment, err)) < 0)
        return rc;
    return write_key(dir, "content", out->content, sizeof out->content, err);
}

static int read_key(const char *dir, const char *name, uint8_t out[HASH_BYTES],
                    struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    struct buf bytes = {0};
    int rc;

    if ((rc = path_of(path, dir, name, err)) < 0)
        return rc;
    if ((rc = disk_read_all(path, 4096, &bytes, err)) == 0) {
        if (bytes.len == HASH_BYTES)
            memcpy(out, bytes.at, HASH_BYTES);
        else
            rc = err_set(err, ERR_INVALID, "%s holds %zu bytes, a key has %d: put the key"
                         " back from your copy", path, bytes.len, HASH_BYTES);
    }
    buf_release(&bytes);
    return rc;
}

int keys_load(struct keys *out, const char *dir, struct err *err)
{
    char path[LIMIT_PATH_BYTES];
    uint8_t public[SIGN_PUBLIC_BYTES];
    uint8_t commitment[HASH_BYTES];
    struct buf origin = {0};
    int rc;

    if ((rc = path_of(path, dir, "origin", err)) < 0 ||
        (rc = disk_read_all(path, NOTE_NAME_MAX, &origin, err)) < 0 ||
        (rc = read_key(dir, "signing", out->signing, err)) < 0 ||
        (rc = read_key(dir, "commitment", commitment, err)) < 0 ||
        (rc = read_key(dir, "content", out->content, err)) < 0)
        goto out;
    hash_key_init(&out->commitment, commitment);
    sign_public(public, out->signing);
    rc = note_key_init(&out->verifier, buf_str(&origin), public, err);
out:
    buf_release(&origin);
    return rc;
}
