/* added.c: finding added tokens ("<think>") in text: a tree of bytes, leftmost and then longest match. */
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer_impl.h"

void fm_added_init(fm_added_tree *tree) {
    *tree = (fm_added_tree){0};
    for (int i = 0; i < 256; i++) tree->root[i] = -1;
}

static int32_t find_sibling(const fm_added_tree *tree, int32_t node, uint8_t byte) {
    while (node >= 0 && tree->nodes[node].byte != byte) node = tree->nodes[node].sibling;
    return node;
}

fm_status fm_added_put(fm_added_tree *tree, const uint8_t *text, size_t size, int32_t id, fm_error *err) {
    if (size > (size_t)(INT32_MAX / 2 - tree->count))
        return fm_error_set(err, FM_ERR_LIMIT, "added tokens of more than 1 GiB");
    int32_t parent = -1;
    for (size_t i = 0; i < size; i++) {
        int32_t first = parent < 0 ? tree->root[text[i]] : tree->nodes[parent].child;
        int32_t node = find_sibling(tree, first, text[i]);
        if (node < 0) {
            if (tree->count == tree->room) {
                int32_t room = tree->room ? 2 * tree->room : 64;
                fm_added_node *nodes = realloc(tree->nodes, (size_t)room * sizeof *nodes);
                if (nodes == NULL) return fm_error_set(err, FM_ERR_MEMORY, "no memory for added tokens");
                tree->nodes = nodes;
                tree->room = room;
            }
            node = tree->count++;
            tree->nodes[node] = (fm_added_node){.child = -1, .sibling = first, .id = -1, .byte = text[i]};
            if (parent < 0)
                tree->root[text[i]] = node;
            else
                tree->nodes[parent].child = node;
        }
        parent = node;
    }
    if (parent >= 0) tree->nodes[parent].id = id;
    return FM_OK;
}

bool fm_added_next(const fm_added_tree *tree, const uint8_t *text, size_t size, size_t from, size_t *begin,
                   size_t *end, int32_t *id) {
    if (tree->count == 0) return false;
    for (size_t i = from; i < size; i++) {
        int32_t node = tree->root[text[i]];
        int32_t found = -1;
        for (size_t j = i; node >= 0;) {
            if (tree->nodes[node].id >= 0) {
                found = tree->nodes[node].id;
                *end = j + 1;
            }
            if (++j == size) break;
            node = find_sibling(tree, tree->nodes[node].child, text[j]);
        }
        if (found >= 0) {
            *begin = i;
            *id = found;
            return true;
        }
    }
    return false;
}
