#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "border.h"

enum { DEEPEST = 64 };

typedef struct {
  const uint8_t *at;
  const uint8_t *end;
  int depth;
} reader;

static bool value(reader *r, json *into);

static void blanks(reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

// The next byte that is no blank; 0 at the end.
static uint8_t peek(reader *r) {
  blanks(r);
  return r->at < r->end ? *r->at : 0;
}

static bool word(reader *r, const char *expected) {
  size_t length = strlen(expected);
  if ((size_t)(r->end - r->at) < length || memcmp(r->at, expected, length) != 0) return false;
  r->at += length;
  return true;
}

static bool hex4(reader *r, uint32_t *code) {
  if (r->end - r->at < 4) return false;
  *code = 0;
  for (int i = 0; i < 4; i++) {
    uint8_t c = *r->at++;
    uint32_t digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
    if (digit == 16) return false;
    *code = *code << 4 | digit;
  }
  return true;
}

static uint8_t *utf8(uint8_t *out, uint32_t code) {
  if (code < 0x80) {
    *out++ = (uint8_t)code;
  } else if (code < 0x800) {
    *out++ = (uint8_t)(0xC0 | code >> 6);
    *out++ = (uint8_t)(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *out++ = (uint8_t)(0xE0 | code >> 12);
    *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    *out++ = (uint8_t)(0x80 | (code & 0x3F));
  } else {
    *out++ = (uint8_t)(0xF0 | code >> 18);
    *out++ = (uint8_t)(0x80 | (code >> 12 & 0x3F));
    *out++ = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    *out++ = (uint8_t)(0x80 | (code & 0x3F));
  }
  return out;
}

// What follows `\u`. Two halves of a pair are one letter; a half alone is U+FFFD.
static bool escaped_unit(reader *r, uint8_t **out) {
  uint32_t code;
  if (!hex4(r, &code)) return false;
  if (code >= 0xD800 && code <= 0xDBFF) {
    reader ahead = *r;
    uint32_t low;
    if (word(&ahead, "\\u") && hex4(&ahead, &low) && low >= 0xDC00 && low <= 0xDFFF) {
      *r = ahead;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else {
      code = 0xFFFD;
    }
  } else if (code >= 0xDC00 && code <= 0xDFFF) {
    code = 0xFFFD;
  }
  *out = utf8(*out, code);
  return true;
}

static bool string(reader *r, plugin_string_t *into) {
  if (r->at >= r->end || *r->at++ != '"') return false;
  const uint8_t *closing = r->at;
  while (closing < r->end && *closing != '"') closing += *closing == '\\' ? 2 : 1;
  if (closing >= r->end) return false;
  // No escape stands for more bytes than it has.
  uint8_t *start = must_alloc((size_t)(closing - r->at)), *out = start;
  while (r->at < r->end) {
    uint8_t c = *r->at++;
    if (c == '"') {
      *into = (plugin_string_t){start, (size_t)(out - start)};
      return true;
    }
    if (c < 0x20) return false;
    if (c != '\\') {
      *out++ = c;
      continue;
    }
    if (r->at >= r->end) return false;
    switch (c = *r->at++) {
      case '"': case '\\': case '/': *out++ = c; break;
      case 'b': *out++ = '\b'; break;
      case 'f': *out++ = '\f'; break;
      case 'n': *out++ = '\n'; break;
      case 'r': *out++ = '\r'; break;
      case 't': *out++ = '\t'; break;
      case 'u': if (!escaped_unit(r, &out)) return false; break;
      default: return false;
    }
  }
  return false;
}

static bool digits(reader *r) {
  const uint8_t *from = r->at;
  while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
  return r->at > from;
}

static bool number(reader *r, json *into) {
  const uint8_t *from = r->at;
  if (*r->at == '-') r->at++;
  if (r->at < r->end && *r->at == '0') r->at++;
  else if (!digits(r)) return false;
  if (r->at < r->end && *r->at == '.') {
    r->at++;
    if (!digits(r)) return false;
  }
  if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
    r->at++;
    if (r->at < r->end && (*r->at == '+' || *r->at == '-')) r->at++;
    if (!digits(r)) return false;
  }
  size_t length = (size_t)(r->at - from);
  char *written = must_alloc(length + 1);
  memcpy(written, from, length);
  into->kind = JSON_NUMBER;
  into->number = strtod(written, NULL);
  return true;
}

// The values of a list, or the members of an object, behind the opening bracket.
static bool inside(reader *r, json *into, uint8_t closing) {
  json **last = &into->first;
  r->at++;
  if (peek(r) == closing) {
    r->at++;
    return true;
  }
  for (;;) {
    json *one = must_alloc(sizeof *one);
    if (closing == '}') {
      peek(r);
      if (!string(r, &one->name) || peek(r) != ':') return false;
      r->at++;
    }
    if (!value(r, one)) return false;
    *last = one;
    last = &one->next;
    uint8_t behind = peek(r);
    if (behind != ',' && behind != closing) return false;
    r->at++;
    if (behind == closing) return true;
  }
}

static bool value(reader *r, json *into) {
  switch (peek(r)) {
    case '{': case '[': {
      bool object = *r->at == '{';
      into->kind = object ? JSON_OBJECT : JSON_LIST;
      if (++r->depth > DEEPEST || !inside(r, into, object ? '}' : ']')) return false;
      r->depth--;
      return true;
    }
    case '"': into->kind = JSON_TEXT; return string(r, &into->text);
    case 't': into->kind = JSON_BOOL; into->number = 1; return word(r, "true");
    case 'f': into->kind = JSON_BOOL; return word(r, "false");
    case 'n': into->kind = JSON_NULL; return word(r, "null");
    case '-': case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9': return number(r, into);
    default: return false;
  }
}

const json *json_read(plugin_string_t text) {
  reader r = {text.ptr, text.ptr + text.len, 0};
  json *root = must_alloc(sizeof *root);
  return value(&r, root) && peek(&r) == 0 && r.at == r.end ? root : NULL;
}

const json *json_member(const json *object, const char *name) {
  const json *found = NULL;
  if (object == NULL || object->kind != JSON_OBJECT) return NULL;
  for (const json *one = object->first; one != NULL; one = one->next) {
    if (same(one->name, name)) found = one;
  }
  return found;
}
