/* catalogue.h - the GP Connect interactions (format 4.7). Pure. */
#ifndef RECORD_CATALOGUE_H
#define RECORD_CATALOGUE_H

#include <stdbool.h>

#include "base/str.h"

struct interaction {
    struct str id, version, capability, operation, access, scope, method, path;
    bool migrate;
};

/* The row with exactly that id, or NULL. */
const struct interaction *catalogue_find(struct str id);

/* The row that method and path stand for, or NULL. */
const struct interaction *catalogue_infer(struct str method, struct str path);

/* The FHIR version in the path: 0 none, 2 DSTU2, 3 STU3. */
int catalogue_fhir_version(struct str path);

#endif
