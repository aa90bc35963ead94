// The border of the plugin: memory and texts as the bindings want them, and a way to die with words.
//
// Every call has an instance of its own, which is thrown away whole: nothing here frees. What is handed to the host is freed by the
// bindings, so it has to come from `must_alloc`: no literals, and no text twice.
#ifndef BORDER_H
#define BORDER_H

#include <stdbool.h>

#include "bindings/plugin.h"

// Ends the call as a fault whose cause the host shows. For mistakes of this plugin; what can be foreseen is a failure.
_Noreturn void abort_with(const char *message);

// Memory, all zero.
void *must_alloc(size_t bytes);

// A copy of a C string, and of a text, to be handed to the host.
plugin_string_t text(const char *words);
plugin_string_t copy(plugin_string_t of);

// A list of one text.
plugin_list_string_t list_of_one(const char *words);

// The same as an option; absent if there is no text (its pointer is NULL).
plugin_option_string_t some(plugin_string_t of);

// Whether a text is this C string; whether two texts are the same.
bool same(plugin_string_t one, const char *other);
bool equal(plugin_string_t one, plugin_string_t other);

// The texts one behind the other.
plugin_string_t joined(const plugin_string_t *texts, size_t count);
#define JOIN(...) \
  joined((plugin_string_t[]){__VA_ARGS__}, sizeof((plugin_string_t[]){__VA_ARGS__}) / sizeof(plugin_string_t))

// A letter of ASCII in lower case.
uint8_t lower(uint8_t letter);

// A whole number as digits; a text as in a query, where what RFC 3986 calls unreserved stays.
plugin_string_t decimal(uint32_t number);
plugin_string_t percent_encoded(plugin_string_t of);

#endif
