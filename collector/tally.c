/* tally.c - see tally.h. Names of files pass the mask, since they may hold anything. */
#include "collector/tally.h"

#include "base/mem.h"
#include "collector/talk.h"

void tally_record(struct tally *t, const struct judgement *j, const char *file, uint64_t line)
{
    t->records++;
    t->untied += j->untied;
    if (j->reject == REJECT_NONE)
        return;
    t->malformed++;
    if (t->reject[j->reject]++ == 0) {
        t->reject_line[j->reject] = line;
        t->reject_file[j->reject] = xstrdup(file);
    }
}

void tally_print(const struct tally *t, bool json)
{
    if (!json) {
        printf("%llu new records (%llu malformed), %llu already there, %llu reference rows;"
               " %llu bytes in, %llu bytes stored, %.2f s\n",
               (unsigned long long)t->records, (unsigned long long)t->malformed,
               (unsigned long long)t->duplicates, (unsigned long long)t->reference,
               (unsigned long long)t->bytes_in, (unsigned long long)t->bytes_stored,
               t->seconds);
        return;
    }
    printf("{\"records\":%llu,\"malformed\":%llu,\"duplicates\":%llu,\"reference\":%llu,"
           "\"bytes_in\":%llu,\"bytes_stored\":%llu,\"seconds\":%.3f,",
           (unsigned long long)t->records, (unsigned long long)t->malformed,
           (unsigned long long)t->duplicates, (unsigned long long)t->reference,
           (unsigned long long)t->bytes_in, (unsigned long long)t->bytes_stored, t->seconds);
    if (t->records == 0)
        puts("\"first_seq\":null,\"last_seq\":null}");
    else
        printf("\"first_seq\":%llu,\"last_seq\":%llu}\n", (unsigned long long)t->first_seq,
               (unsigned long long)(t->first_seq + t->records - 1));
}

void tally_talk(const struct tally *t)
{
    for (enum reject r = REJECT_NONE + 1; r < REJECT_COUNT; r++)
        if (t->reject[r] > 0)
            talk("malformed (%s): %llu, the first in line %llu of %s; kept as evidence",
                 reject_name(r), (unsigned long long)t->reject[r],
                 (unsigned long long)t->reject_line[r], t->reject_file[r]);
    if (t->untied > 0)
        talk("%llu of the new records open patient data but carry no NHS number, so no"
             " search by patient can find them", (unsigned long long)t->untied);
}

void tally_release(struct tally *t)
{
    for (enum reject r = REJECT_NONE; r < REJECT_COUNT; r++)
        free(t->reject_file[r]);
}
