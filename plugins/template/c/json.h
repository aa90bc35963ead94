// A reader of JSON texts (RFC 8259): one pass, a tree of values, nothing to free, as every call has an instance of its own.
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>

#include "bindings/plugin.h"

typedef enum { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_LIST, JSON_OBJECT } json_kind;

typedef struct json {
  json_kind kind;
  double number;         // of a number; 1 of `true`
  plugin_string_t text;  // of a text: decoded, halves of surrogate pairs replaced by U+FFFD
  plugin_string_t name;  // as a member of an object
  struct json *first;    // of a list or an object
  struct json *next;     // in the same list or object
} json;

// The value of a text, or NULL if it is no JSON or nests deeper than 64.
const json *json_read(plugin_string_t text);

// The member of an object with this name, the last one if there are several; NULL if there is none.
const json *json_member(const json *object, const char *name);

#endif
