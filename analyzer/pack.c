/* pack.c - see pack.h. */
#include "analyzer/pack.h"

#include <sys/stat.h>

#include "analyzer/fields.h"
#include "analyzer/sentence.h"
#include "base/disk.h"
#include "base/limits.h"

#ifndef GPCA_RULES
#define GPCA_RULES "/usr/local/share/gpca/rules"
#endif

enum { DEPTH_MAX = 16 };

const char *pack_default(void)
{
    struct stat st;
    const char *own = getenv("GPCA_RULES");

    if (own)
        return own;
    return stat(GPCA_RULES, &st) == 0 ? GPCA_RULES : "rules";
}

const char *pack_lists(const char *path)
{
    char file[LIMIT_PATH_BYTES];
    struct stat st;
    int n = path ? snprintf(file, sizeof file, "%s/products.csv", path) : 0;

    return path && n < (int)sizeof file && stat(file, &st) == 0 ? path : pack_default();
}

static int read_file(struct ruleset *s, const char *path, struct diagnostics *d,
                     size_t *files, struct err *err)
{
    struct buf text = {0};
    int rc = disk_read_all(path, YAML_BYTES_MAX + 1, &text, err);

    if (rc == 0) {
        rule_read(s, path, buf_str(&text), d);
        ++*files;
    }
    buf_release(&text);
    return rc;
}

static bool is_rule_file(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && strcmp(name + len - 4, ".yml") == 0;
}

static int read_path(struct ruleset *s, const char *path, int depth, struct diagnostics *d,
                     size_t *files, struct err *err)
{
    struct buf names = {0};
    const char *name;
    struct stat st;
    size_t count = 0;
    int rc;

    if (stat(path, &st) < 0)
        return err_errno(err, "cannot read the rules in %s", path);
    if (!S_ISDIR(st.st_mode))
        return depth == 0 || is_rule_file(path) ? read_file(s, path, d, files, err) : 0;
    rc = depth < DEPTH_MAX ? disk_list(path, &names, &count, err) : 0;
    name = names.at;
    for (size_t i = 0; rc == 0 && i < count; i++, name += strlen(name) + 1) {
        char below[LIMIT_PATH_BYTES];

        if (name[0] != '.' &&
            snprintf(below, sizeof below, "%s/%s", path, name) < (int)sizeof below)
            rc = read_path(s, below, depth + 1, d, files, err);
    }
    buf_release(&names);
    return rc;
}

int pack_load(struct ruleset *s, const char *path, struct diagnostics *d, size_t *files,
              struct err *err)
{
    int rc;

    *files = 0;
    s->known = fields_known;
    s->place = sentence_place;
    rc = read_path(s, path ? path : pack_default(), 0, d, files, err);
    if (rc == 0)
        rules_link(s, d);
    return rc;
}
