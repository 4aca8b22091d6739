/* model.c - see model.h. Definitions are lists, each behind its count, all numbers
 * varints:
 *
 *   labels   kind | number << 7, name as length and bytes
 *   pieces   lengths, then the bytes of all
 *   shapes   kind, leaves, leaves + 1 pieces, leaves labels; a label is written as 0 where
 *            it is the one that stood behind its piece last time, else as label + 1
 *   plans    label, type, guess, style, parent + 1
 *   values   label, count; in format 1 lengths and the bytes of all behind each count
 *   pairs    label, count, parents, values; each as the zigzag difference from the one
 *            before
 *   moved    label, parent, value
 *
 * The texts of values stand apart, in the same order: lengths, then the bytes of all, for
 * each label. */
#include "trail/model.h"

#include "base/cursor.h"
#include "base/limits.h"
#include "base/mem.h"
#include "trail/leaf.h"

static struct label *label_add(struct model *m, uint8_t kind, bool number, struct str name)
{
    struct label *l;

    if (m->labels == m->labels_cap) {
        struct label *old = m->label;

        m->labels_cap = old ? 2 * m->labels_cap : 64;
        m->label = xlines(m->labels_cap, sizeof *m->label);
        if (old)
            memcpy(m->label, old, m->labels * sizeof *old);
        free(old);
    }
    l = &m->label[m->labels++];
    l->kind = kind;
    l->number = number;
    l->name = name;
    l->token = kind == SHAPE_RECORD && !number &&
               str_equal_nocase(name, STR(".request.headers.authorization"));
    l->url = kind == SHAPE_RECORD && !number && str_equal(name, STR(".request.url"));
    l->plan = (struct plan){TYPE_ENTRY, GUESS_NOTHING, 0, LABEL_NONE};
    l->constant = DICTIONARY_NONE;
    return l;
}

void model_init(struct model *m)
{
    static const uint8_t types[LABEL_FIRST_NAMED] = {
        TYPE_SHAPE, TYPE_SHAPE, TYPE_SHAPE, TYPE_SHAPE, TYPE_ENTRY, TYPE_TEXT, TYPE_TEXT};

    memset(m, 0, sizeof *m);
    for (int i = 0; i < LABEL_FIRST_NAMED; i++)
        label_add(m, SHAPE_KINDS, false, STR(""))->plan.type = types[i];
    m->label[LABEL_RECORD].planned = true;
    m->label[LABEL_VERBATIM].planned = m->label[LABEL_FRAME].planned = true;
    m->labels_told = LABEL_FIRST_NAMED;
}

void model_release(struct model *m)
{
    for (size_t i = 0; i < m->labels; i++) {
        dictionary_release(&m->label[i].values);
        for (size_t k = 0; k < m->label[i].kin_pages; k++)
            free(m->label[i].kin[k]);
        free(m->label[i].kin);
        free(m->label[i].pair);
    }
    free(m->label);
    if (m->values)
        values_release(m->values);
    free(m->values);
    dictionary_release(&m->names);
    shapes_release(&m->shapes);
    arena_release(&m->texts);
    free(m->behind);
    buf_release(&m->plans);
    buf_release(&m->moved);
    memset(m, 0, sizeof *m);
}

bool model_label(struct model *m, enum shape_kind kind, struct str name, bool number,
                 uint16_t *out)
{
    char key[512];
    uint32_t at;
    struct str whole = {key, name.len + 1};

    if (name.len >= sizeof key)
        return false;
    key[0] = (char)((unsigned)kind | (number ? 128U : 0U));
    memcpy(key + 1, name.at, name.len);
    at = dictionary_find(&m->names, whole);
    if (at == DICTIONARY_NONE) {
        if (m->labels == LIMIT_LABELS)
            return false;
        at = dictionary_put(&m->names, whole, &m->texts);
        whole = m->names.entry[at];
        label_add(m, (uint8_t)kind, number, str_part(whole, 1, whole.len));
    }
    *out = (uint16_t)(at + LABEL_FIRST_NAMED);
    return true;
}

void model_place(const struct model *m, struct shape *shape)
{
    for (size_t i = 0; shape->kind == SHAPE_RECORD && i < shape->leaves; i++) {
        const struct label *l = &m->label[shape->label[i]];

        shape->more_holders |= (l->token && shape->token >= 0) || (l->url && shape->url >= 0);
        if (l->token && shape->token < 0)
            shape->token = (int16_t)i;
        if (l->url && shape->url < 0)
            shape->url = (int16_t)i;
    }
}

uint16_t model_shapes_label(const struct model *m, uint16_t number)
{
    const struct label *l = &m->label[number];

    if (number == LABEL_PAYLOAD || number == LABEL_SIGNATURE || l->token)
        return LABEL_HEADER;
    if (l->url)
        return LABEL_URL;
    if (number < LABEL_FIRST_NAMED || l->kind == SHAPE_RECORD)
        return LABEL_RECORD;
    return l->kind == SHAPE_HEADER ? LABEL_HEADER : l->kind == SHAPE_PAYLOAD ? LABEL_PAYLOAD
                                                                             : LABEL_URL;
}

uint32_t model_entry(struct model *m, uint16_t label, struct str value)
{
    struct dictionary *d = &m->label[label].values;
    uint32_t count = d->count;
    uint32_t entry;

    if (value.len > LIMIT_ENTRY_BYTES)
        return DICTIONARY_NONE;
    if (m->text_bytes + value.len > LIMIT_ENTRIES_BYTES)
        return dictionary_find(d, value);
    entry = dictionary_put(d, value, &m->texts);
    if (entry == count)
        m->text_bytes += value.len + sizeof value;
    return entry;
}

/* Make room in a list for its element `at`; the new ones have all bits set. */
static void *reach(void *list, uint32_t *cap, uint32_t at, size_t size)
{
    uint32_t more = *cap ? *cap : 16;

    if (at < *cap)
        return list;
    while (more <= at)
        more *= 2;
    list = xrealloc(list, more * size);
    memset((char *)list + *cap * size, 0xff, (more - *cap) * size);
    *cap = more;
    return list;
}

/* ---- what follows from what ---- */

/* The lowest place among the parent's kin that no other label has; KIN_PLACES: none. */
static uint16_t free_place(const struct model *m, uint16_t label, uint16_t parent)
{
    bool used[KIN_PLACES + 1] = {false};
    uint16_t place = 0;

    for (size_t i = 0; i < m->labels; i++) {
        const struct label *l = &m->label[i];

        if (i != label && l->plan.guess == GUESS_FOLLOWS && l->plan.parent == parent)
            used[l->place] = true;
    }
    while (place < KIN_PLACES && used[place])
        place++;
    return place;
}

bool model_has_place(const struct model *m, uint16_t label, uint16_t parent)
{
    return parent == LABEL_NONE || free_place(m, label, parent) < KIN_PLACES;
}

/* Give each entry room for that place; what is new is unknown. */
static void widen_kin(struct label *p, uint16_t place)
{
    uint16_t stride = p->kin_stride ? p->kin_stride : 1;

    while (stride <= place)
        stride = (uint16_t)(stride * 2);
    for (size_t i = 0; i < p->kin_pages; i++) {
        uint32_t *old = p->kin[i];

        if (!old)
            continue;
        p->kin[i] = xmalloc(KIN_PAGE * stride * sizeof *old);
        memset(p->kin[i], 0xff, KIN_PAGE * stride * sizeof *old);
        for (size_t k = 0; k < KIN_PAGE; k++)
            memcpy(p->kin[i] + k * stride, old + k * p->kin_stride,
                   p->kin_stride * sizeof *old);
        free(old);
    }
    p->kin_stride = stride;
}

/* Where the number at that place of an entry stands. */
static uint32_t *reach_kin(struct label *p, uint32_t entry, uint16_t place)
{
    uint32_t page = entry / KIN_PAGE;

    if (place >= p->kin_stride)
        widen_kin(p, place);
    if (page >= p->kin_pages) {
        uint32_t pages = p->kin_pages ? p->kin_pages : 8;

        while (pages <= page)
            pages *= 2;
        p->kin = xrealloc(p->kin, pages * sizeof *p->kin);
        memset(p->kin + p->kin_pages, 0, (pages - p->kin_pages) * sizeof *p->kin);
        p->kin_pages = pages;
    }
    if (!p->kin[page]) {
        p->kin[page] = xmalloc(KIN_PAGE * p->kin_stride * sizeof **p->kin);
        memset(p->kin[page], 0xff, KIN_PAGE * p->kin_stride * sizeof **p->kin);
    }
    return &p->kin[page][entry % KIN_PAGE * p->kin_stride + place];
}

static void put_follows(struct model *m, uint16_t label, uint32_t parent, uint32_t value)
{
    struct label *l = &m->label[label];

    if (l->plan.parent == LABEL_NONE)
        l->constant = value;
    else
        *reach_kin(&m->label[l->plan.parent], parent, l->place) = value;
}

void model_set_follows(struct model *m, uint16_t label, uint32_t parent, uint32_t value)
{
    struct label *l = &m->label[label];

    put_follows(m, label, parent, value);
    if (l->pairs == l->pairs_cap) {
        l->pairs_cap = l->pairs_cap ? l->pairs_cap * 2 : 64;
        l->pair = xrealloc(l->pair, l->pairs_cap * sizeof *l->pair);
    }
    l->pair[l->pairs++] = (struct pair){parent, value};
}

static void forget_place(struct label *p, uint16_t place)
{
    for (size_t i = 0; i < p->kin_pages && place < p->kin_stride; i++)
        for (size_t k = 0; p->kin[i] && k < KIN_PAGE; k++)
            p->kin[i][k * p->kin_stride + place] = DICTIONARY_NONE;
}

/* False: the parent has no place left. */
static bool put_plan(struct model *m, uint16_t label, struct plan plan)
{
    struct label *l = &m->label[label];
    bool same = l->plan.parent == plan.parent && l->plan.guess == plan.guess &&
                l->plan.type == plan.type;

    l->plan = plan;
    l->planned = true;
    if (same)
        return true;
    l->constant = DICTIONARY_NONE;
    if (plan.guess != GUESS_FOLLOWS || plan.parent == LABEL_NONE)
        return true;
    l->place = free_place(m, label, plan.parent);
    if (l->place == KIN_PLACES)
        return false;
    forget_place(&m->label[plan.parent], l->place);
    return true;
}

void model_set_plan(struct model *m, uint16_t label, struct plan plan)
{
    buf_put_varint(&m->plans, label);
    buf_put_u8(&m->plans, plan.type);
    buf_put_u8(&m->plans, plan.guess);
    buf_put_u8(&m->plans, plan.style);
    buf_put_varint(&m->plans, plan.parent == LABEL_NONE ? 0 : plan.parent + 1U);
    m->plans_changed++;
    put_plan(m, label, plan);
}

void model_move(struct model *m, uint16_t label, uint32_t parent, uint32_t value)
{
    buf_put_varint(&m->moved, label);
    buf_put_varint(&m->moved, parent);
    buf_put_varint(&m->moved, value);
    m->pairs_moved++;
    put_follows(m, label, parent, value);
}

bool model_plan_valid(const struct model *m, uint16_t label, struct plan plan)
{
    bool number = plan.type == TYPE_INTEGER || plan.type == TYPE_MOMENT;
    bool shape = label <= LABEL_URL;

    if (plan.type >= TYPES || plan.guess >= GUESSES || shape != (plan.type == TYPE_SHAPE) ||
        (label == LABEL_VERBATIM && plan.type != TYPE_TEXT) ||
        (plan.type == TYPE_UUID && plan.style > LEAF_UUID_EITHER) ||
        (plan.type == TYPE_MOMENT && (plan.style >= LEAF_STYLES || (plan.style & 7) > 6)))
        return false;
    if (plan.guess == GUESS_NOTHING || (plan.guess == GUESS_PREVIOUS && number))
        return true;
    if (plan.parent == LABEL_NONE)
        return plan.guess == GUESS_FOLLOWS &&
               (plan.type == TYPE_ENTRY || plan.type == TYPE_SHAPE);
    if (plan.parent >= m->labels || plan.parent == label)
        return false;
    if (plan.guess == GUESS_EQUAL)
        return (plan.type == TYPE_ENTRY || plan.type == TYPE_TEXT) && plan.parent > LABEL_URL;
    if (plan.guess == GUESS_FOLLOWS)
        return plan.type == TYPE_ENTRY || plan.type == TYPE_SHAPE;
    return plan.guess == GUESS_SUM ? plan.type == TYPE_MOMENT : number;
}

/* ---- telling ---- */

static void tell_texts(struct buf *out, const struct dictionary *d, uint32_t from)
{
    for (uint32_t i = from; i < d->count; i++)
        buf_put_varint(out, d->entry[i].len);
    for (uint32_t i = from; i < d->count; i++)
        buf_put_str(out, d->entry[i]);
}

/* Where the label is kept that stood behind a piece last. */
static uint16_t *label_behind(struct model *m, uint32_t piece)
{
    m->behind = reach(m->behind, &m->behind_cap, piece, sizeof *m->behind);
    return &m->behind[piece];
}

static void tell_shapes(struct model *m, struct buf *out)
{
    buf_put_varint(out, m->shapes.count - m->shapes_told);
    for (uint32_t i = m->shapes_told; i < m->shapes.count; i++) {
        const struct shape *s = &m->shapes.shape[i];

        buf_put_u8(out, s->kind);
        buf_put_varint(out, s->leaves);
        for (size_t k = 0; k <= s->leaves; k++)
            buf_put_varint(out, s->piece[k]);
        for (size_t k = 0; k < s->leaves; k++) {
            uint16_t *behind = label_behind(m, s->piece[k]);

            buf_put_varint(out, *behind == s->label[k] ? 0 : s->label[k] + 1ULL);
            *behind = s->label[k];
        }
    }
    m->shapes_told = m->shapes.count;
}

static void tell_values(struct model *m, struct buf *out, struct buf *texts)
{
    size_t n = 0;

    for (size_t i = 0; i < m->labels; i++)
        n += m->label[i].values.count > m->label[i].values_told;
    buf_put_varint(out, n);
    for (size_t i = 0; i < m->labels; i++) {
        struct label *l = &m->label[i];

        if (l->values.count == l->values_told)
            continue;
        buf_put_varint(out, i);
        buf_put_varint(out, l->values.count - l->values_told);
        tell_texts(texts, &l->values, l->values_told);
        l->values_told = l->values.count;
    }
}

static void tell_pairs(struct model *m, struct buf *out)
{
    size_t n = 0;

    for (size_t i = 0; i < m->labels; i++)
        n += m->label[i].pairs > 0;
    buf_put_varint(out, n);
    for (size_t i = 0; i < m->labels; i++) {
        struct label *l = &m->label[i];
        struct pair last = {0, 0};

        if (l->pairs == 0)
            continue;
        buf_put_varint(out, i);
        buf_put_varint(out, l->pairs);
        for (uint32_t k = 0; k < l->pairs; last = l->pair[k++])
            buf_put_varint(out, zigzag((int64_t)l->pair[k].parent - last.parent));
        last.value = 0;
        for (uint32_t k = 0; k < l->pairs; last = l->pair[k++])
            buf_put_varint(out, zigzag((int64_t)l->pair[k].value - last.value));
        l->pairs = 0;
    }
}

void model_tell(struct model *m, struct buf *out, struct buf *texts)
{
    buf_put_varint(out, m->labels - m->labels_told);
    for (size_t i = m->labels_told; i < m->labels; i++) {
        buf_put_u8(out, (uint8_t)(m->label[i].kind | (m->label[i].number ? 128U : 0U)));
        buf_put_varint(out, m->label[i].name.len);
        buf_put_str(out, m->label[i].name);
    }
    m->labels_told = (uint32_t)m->labels;
    buf_put_varint(out, m->shapes.pieces.count - m->pieces_told);
    tell_texts(out, &m->shapes.pieces, m->pieces_told);
    m->pieces_told = m->shapes.pieces.count;
    tell_shapes(m, out);
    buf_put_varint(out, m->plans_changed);
    buf_put_str(out, buf_str(&m->plans));
    tell_values(m, out, texts);
    tell_pairs(m, out);
    buf_put_varint(out, m->pairs_moved);
    buf_put_str(out, buf_str(&m->moved));
    buf_clear(&m->plans);
    buf_clear(&m->moved);
    m->plans_changed = m->pairs_moved = 0;
}

/* ---- taking ---- */

struct taking {
    struct model *m;
    struct cursor c;
    bool inline_texts;
};

static void take_labels(struct taking *t)
{
    uint64_t n = cursor_varint(&t->c);

    for (uint64_t i = 0; i < n && !t->c.bad; i++) {
        uint8_t flags = cursor_u8(&t->c);
        struct str name = cursor_bytes(&t->c, cursor_varint(&t->c));
        size_t before = t->m->labels;
        uint16_t label;

        if ((flags & 127) >= SHAPE_KINDS ||
            !model_label(t->m, (enum shape_kind)(flags & 127), name, flags >> 7, &label) ||
            t->m->labels == before)
            t->c.bad = true;
    }
}

/* n texts behind d, which stay where they are. */
static void take_texts(struct taking *t, struct dictionary *d, uint64_t n)
{
    struct cursor_texts all = cursor_texts(&t->c, n, LIMIT_DEFINITIONS_BYTES);

    dictionary_reserve(d, all.bytes.bad ? 0 : n);
    for (uint64_t i = 0; i < n && !all.bytes.bad; i++)
        dictionary_add(d, cursor_text(&all));
    t->c.bad |= all.bytes.bad;
}

static void take_shape(struct taking *t)
{
    struct shapes *s = &t->m->shapes;
    uint32_t piece[SHAPE_LEAVES + 1];
    uint16_t label[SHAPE_LEAVES + 1];
    uint8_t kind = cursor_u8(&t->c);
    uint64_t leaves = cursor_varint(&t->c);

    if (kind >= SHAPE_KINDS || leaves > SHAPE_LEAVES)
        t->c.bad = true;
    for (uint64_t i = 0; i <= leaves && !t->c.bad; i++) {
        uint64_t p = cursor_varint(&t->c);

        if (p >= s->pieces.count)
            t->c.bad = true;
        piece[i] = (uint32_t)p;
    }
    for (uint64_t i = 0; i < leaves && !t->c.bad; i++) {
        uint64_t l = cursor_varint(&t->c);
        uint16_t *behind = label_behind(t->m, piece[i]);

        l = l ? l - 1 : *behind;
        if (l < LABEL_FIRST_NAMED || l >= t->m->labels || t->m->label[l].kind != kind) {
            t->c.bad = true;
            return;
        }
        for (uint64_t k = 0; k < i; k++)
            t->c.bad |= label[k] == l;
        label[i] = *behind = (uint16_t)l;
    }
    if (!t->c.bad)
        model_place(t->m, shape_add(s, (enum shape_kind)kind, (size_t)leaves, piece, label));
}

static void take_shapes(struct taking *t)
{
    uint64_t n = cursor_varint(&t->c);

    if (n > LIMIT_SHAPES - t->m->shapes.count)
        t->c.bad = true;
    for (uint64_t i = 0; i < n && !t->c.bad; i++)
        take_shape(t);
}

static void take_plans(struct taking *t)
{
    uint64_t n = cursor_varint(&t->c);

    for (uint64_t i = 0; i < n && !t->c.bad; i++) {
        uint64_t label = cursor_varint(&t->c);
        struct plan plan = {.type = cursor_u8(&t->c)};
        uint64_t parent;

        plan.guess = cursor_u8(&t->c);
        plan.style = cursor_u8(&t->c);
        parent = cursor_varint(&t->c);
        plan.parent = parent == 0 ? LABEL_NONE : (uint16_t)(parent - 1);
        if (label >= t->m->labels || parent > t->m->labels ||
            !model_plan_valid(t->m, (uint16_t)label, plan))
            t->c.bad = true;
        else
            t->c.bad = !put_plan(t->m, (uint16_t)label, plan);
    }
}

static void take_values(struct taking *t)
{
    uint64_t n = cursor_varint(&t->c);

    for (uint64_t i = 0; i < n && !t->c.bad; i++) {
        uint64_t label = cursor_varint(&t->c);
        uint64_t count = cursor_varint(&t->c);

        if (label >= t->m->labels || !values_add(t->m->values, (uint32_t)label, count))
            t->c.bad = true;
        else if (t->inline_texts)
            values_put(t->m->values, &t->c);
    }
}

/* How many entries a label has, for those that follow from it or are it. */
static uint64_t entries_of(const struct model *m, uint16_t label)
{
    if (label == LABEL_NONE)
        return 1;
    return m->label[label].plan.type == TYPE_SHAPE ? m->shapes.count + 1ULL
                                                   : model_entries(m, label);
}

/* Where pairs of one label are put. */
struct putting {
    struct label *label, *parent; /* label NULL: it is none whose values follow */
    uint64_t parents, values;     /* how many entries there are of each */
    uint32_t *page;               /* of the parent's kin, at the label's place, that ... */
    uint64_t at;                  /* ... holds what follows from these entries; in pages */
};

static void begin_putting(struct putting *p, const struct taking *t, uint64_t label)
{
    struct label *l = label < t->m->labels ? &t->m->label[label] : NULL;

    *p = (struct putting){.at = UINT64_MAX};
    if (!l || l->plan.guess != GUESS_FOLLOWS)
        return;
    p->label = l;
    p->parents = entries_of(t->m, l->plan.parent);
    p->values = entries_of(t->m, (uint16_t)label);
    if (l->plan.parent != LABEL_NONE)
        p->parent = &t->m->label[l->plan.parent];
}

/* False: it is no pair of entries. Most pairs stand on the page of the one before. */
static inline bool put_pair(struct putting *p, uint64_t parent, uint64_t value)
{
    if (!p->label || parent >= p->parents || value >= p->values)
        return false;
    if (!p->parent) {
        p->label->constant = (uint32_t)value;
        return true;
    }
    if (parent / KIN_PAGE != p->at) {
        p->at = parent / KIN_PAGE;
        p->page = reach_kin(p->parent, (uint32_t)(p->at * KIN_PAGE), p->label->place);
    }
    p->page[parent % KIN_PAGE * p->parent->kin_stride] = (uint32_t)value;
    return true;
}

static void take_pairs(struct taking *t)
{
    uint64_t n = cursor_varint(&t->c);

    for (uint64_t i = 0; i < n && !t->c.bad; i++) {
        uint64_t label = cursor_varint(&t->c);
        uint64_t count = cursor_varint(&t->c);
        struct cursor parents = t->c;
        uint64_t parent = 0, value = 0;
        struct putting p;

        begin_putting(&p, t, label);
        cursor_skip_varints(&t->c, count);
        for (uint64_t k = 0; k < count && !t->c.bad; k++) {
            parent += (uint64_t)unzigzag(cursor_varint(&parents));
            value += (uint64_t)unzigzag(cursor_varint(&t->c));
            t->c.bad |= parents.bad || !put_pair(&p, parent, value);
        }
    }
}

static void take_moved(struct taking *t)
{
    uint64_t n = cursor_varint(&t->c);
    uint64_t last = UINT64_MAX;
    struct putting p = {.at = UINT64_MAX}; /* of no label */

    for (uint64_t i = 0; i < n && !t->c.bad; i++) {
        uint64_t label = cursor_varint(&t->c);
        uint64_t parent = cursor_varint(&t->c);
        uint64_t value = cursor_varint(&t->c);

        if (label != last)
            begin_putting(&p, t, label);
        last = label;
        t->c.bad |= !put_pair(&p, parent, value);
    }
}

static struct values *values_of_reader(struct model *m)
{
    if (!m->values)
        m->values = xcalloc(1, sizeof *m->values);
    return m->values;
}

void model_fetch(struct model *m, values_fetch *fetch, void *ctx)
{
    struct values *e = values_of_reader(m);

    e->fetch = fetch;
    e->ctx = ctx;
}

int model_texts(struct model *m, struct str texts, struct err *err)
{
    return values_take(m->values, m->values->groups - 1, texts, err);
}

int model_take(struct model *m, struct str told, bool inline_texts, struct err *err)
{
    struct taking t = {.m = m, .c = {told, false}, .inline_texts = inline_texts};
    uint64_t pieces;

    values_group(values_of_reader(m));
    take_labels(&t);
    pieces = cursor_varint(&t.c);
    take_texts(&t, &m->shapes.pieces, pieces);
    take_shapes(&t);
    take_plans(&t);
    take_values(&t);
    take_pairs(&t);
    take_moved(&t);
    if (t.c.bad || t.c.rest.len != 0)
        return err_set(err, ERR_CORRUPT, "the definitions of a row group contradict");
    return 0;
}
