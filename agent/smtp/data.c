// SPDX-License-Identifier: GPL-2.0-only
#include "smtp/data.h"

#include "smtp/scan.h"

void data_begin(struct data_reader *reader, bool normalise)
{
	*reader = (struct data_reader){.state = DATA_LINE_BEGIN, .normalise = normalise};
}

/* One call of data_feed(). */
struct feed {
	struct data_reader *reader;
	const char *data;  /* the input */
	const char *start; /* from here on it is passed on as it is, and has not been given out */
	const char *at;	   /* the next octet to be looked at */
	struct data_piece *pieces;
	size_t count;
};

/* How many octets before `at` are held back in a state. */
static const size_t held_back[] = {
	[DATA_DOT] = 1,
	[DATA_BARE_DOT] = 1,
	[DATA_DOT_CR] = 2,
	[DATA_END] = 3,
};

/* A step makes two pieces at most, and the end of a feed one. */
#define PIECES_NEEDED 3

static void put(struct feed *feed, const char *data, size_t size)
{
	if (size > 0 && !feed->reader->bad)
		feed->pieces[feed->count++] = (struct data_piece){.data = data, .size = size};
}

/* Gives out the input up to what is held back, of which an earlier feed may have had a part. */
static void put_input(struct feed *feed)
{
	size_t size = (size_t)(feed->at - feed->start);
	size_t held = held_back[feed->reader->state];

	put(feed, feed->start, size > held ? size - held : 0);
	feed->start = feed->at;
}

static void turn_bad(struct feed *feed)
{
	feed->reader->bad = true;
	feed->count = 0;
}

/* What is done with an octet; true when it is taken, false when the next state is to look at it. */
typedef bool step_fn(struct feed *feed);

static bool pass(struct feed *feed)
{
	feed->reader->size++;
	return true;
}

static bool hold_back(struct feed *feed)
{
	(void)feed;
	return true;
}

static bool spoil(struct feed *feed)
{
	turn_bad(feed);
	return true;
}

/* A dot that was stuffed goes out as it came. */
static bool stuffed_dot(struct feed *feed)
{
	if (feed->at == feed->data)
		put(feed, ".", 1);
	feed->reader->size++;
	return true;
}

/* The client should have stuffed nothing here, and the server is to take the dot away. */
static bool drop_dot(struct feed *feed)
{
	put_input(feed);
	feed->reader->size++;
	return true;
}

/* A line that is a dot and not the end, as one of its line ends is bare. */
static bool lone_dot(struct feed *feed)
{
	put_input(feed);
	put(feed, "..", 2);
	feed->reader->size++;
	return false;
}

static bool lone_dot_cr(struct feed *feed)
{
	put_input(feed);
	put(feed, "..\r", 3);
	feed->reader->size += 2;
	return false;
}

static bool bare_lf(struct feed *feed)
{
	if (!feed->reader->normalise)
		turn_bad(feed);
	put_input(feed);
	put(feed, "\r\n", 2);
	feed->start = feed->at + 1;
	feed->reader->size += 2;
	return true;
}

/* At what follows a CR that stands alone. */
static bool bare_cr(struct feed *feed)
{
	if (!feed->reader->normalise)
		turn_bad(feed);
	put_input(feed);
	put(feed, "\n", 1);
	feed->reader->size++;
	return false;
}

enum octet_class { OCTET_OTHER, OCTET_CR, OCTET_LF, OCTET_DOT, OCTET_NUL, OCTET_CLASSES };

static enum octet_class classify(char octet)
{
	switch (octet) {
	case '\r':
		return OCTET_CR;
	case '\n':
		return OCTET_LF;
	case '.':
		return OCTET_DOT;
	case '\0':
		return OCTET_NUL;
	default:
		return OCTET_OTHER;
	}
}

/* Nothing but CRLF leads to DATA_LINE_BEGIN, and nothing but a dot and CRLF from there to the end.
 */
static const struct step {
	step_fn *run;
	enum data_state next;
} steps[DATA_END][OCTET_CLASSES] = {
	[DATA_LINE_BEGIN] = {[OCTET_OTHER] = {pass, DATA_TEXT},
			     [OCTET_CR] = {pass, DATA_CR},
			     [OCTET_LF] = {bare_lf, DATA_BARE_BEGIN},
			     [OCTET_DOT] = {hold_back, DATA_DOT},
			     [OCTET_NUL] = {spoil, DATA_TEXT}},
	[DATA_TEXT] = {[OCTET_OTHER] = {pass, DATA_TEXT},
		       [OCTET_CR] = {pass, DATA_CR},
		       [OCTET_LF] = {bare_lf, DATA_BARE_BEGIN},
		       [OCTET_DOT] = {pass, DATA_TEXT},
		       [OCTET_NUL] = {spoil, DATA_TEXT}},
	[DATA_CR] = {[OCTET_OTHER] = {bare_cr, DATA_BARE_BEGIN},
		     [OCTET_CR] = {bare_cr, DATA_BARE_BEGIN},
		     [OCTET_LF] = {pass, DATA_LINE_BEGIN},
		     [OCTET_DOT] = {bare_cr, DATA_BARE_BEGIN},
		     [OCTET_NUL] = {bare_cr, DATA_BARE_BEGIN}},
	[DATA_DOT] = {[OCTET_OTHER] = {drop_dot, DATA_TEXT},
		      [OCTET_CR] = {hold_back, DATA_DOT_CR},
		      [OCTET_LF] = {lone_dot, DATA_TEXT},
		      [OCTET_DOT] = {stuffed_dot, DATA_TEXT},
		      [OCTET_NUL] = {spoil, DATA_TEXT}},
	[DATA_DOT_CR] = {[OCTET_OTHER] = {lone_dot_cr, DATA_CR},
			 [OCTET_CR] = {lone_dot_cr, DATA_CR},
			 [OCTET_LF] = {hold_back, DATA_END},
			 [OCTET_DOT] = {lone_dot_cr, DATA_CR},
			 [OCTET_NUL] = {spoil, DATA_TEXT}},
	[DATA_BARE_BEGIN] = {[OCTET_OTHER] = {pass, DATA_TEXT},
			     [OCTET_CR] = {pass, DATA_CR},
			     [OCTET_LF] = {bare_lf, DATA_BARE_BEGIN},
			     [OCTET_DOT] = {hold_back, DATA_BARE_DOT},
			     [OCTET_NUL] = {spoil, DATA_TEXT}},
	[DATA_BARE_DOT] = {[OCTET_OTHER] = {drop_dot, DATA_TEXT},
			   [OCTET_CR] = {lone_dot, DATA_TEXT},
			   [OCTET_LF] = {lone_dot, DATA_TEXT},
			   [OCTET_DOT] = {stuffed_dot, DATA_TEXT},
			   [OCTET_NUL] = {spoil, DATA_TEXT}},
};

static void take_octet(struct feed *feed)
{
	struct data_reader *reader = feed->reader;
	const struct step *step = &steps[reader->state][classify(*feed->at)];
	bool taken = step->run(feed);

	reader->state = step->next;
	feed->at += taken;
}

/*
 * Where an octet needs a step of its own: a dot behind LF, and unless the message is bad already
 * (`judged` 0) what makes it so. at[-1] is there.
 */
static inline scan_vector look(const char *at, scan_vector judged)
{
	scan_vector octets = scan_load(at), before = scan_load(at - 1);
	scan_vector dots = (scan_vector)((octets == '.') & (before == '\n'));
	scan_vector bare = (scan_vector)((octets == '\n') ^ (before == '\r'));
	scan_vector nuls = (scan_vector)(octets == '\0');

	return dots | ((bare | nuls) & judged);
}

static inline bool looks_plain(const char *at, bool judged)
{
	bool dot = at[0] == '.' && at[-1] == '\n';
	bool wrong = (at[0] == '\n') != (at[-1] == '\r') || at[0] == '\0';

	return !dot && !(judged && wrong);
}

/* The first octet that look() finds, or `end`. */
static const char *skim(const char *at, const char *end, bool bad)
{
	scan_vector judged = (scan_vector){0} - (uint8_t)!bad;

	for (; end - at >= 4 * SCAN_WIDTH; at += 4 * SCAN_WIDTH)
		if (scan_any(look(at, judged) | look(at + SCAN_WIDTH, judged) |
			     look(at + 2 * SCAN_WIDTH, judged) | look(at + 3 * SCAN_WIDTH, judged)))
			break;
	for (; end - at >= SCAN_WIDTH; at += SCAN_WIDTH) {
		scan_vector found = look(at, judged);

		if (scan_any(found))
			return at + scan_first(found);
	}
	while (at < end && looks_plain(at, !bad))
		at++;
	return at;
}

/* Takes what needs no steps, from within a line, a CRLF, or the first octet of a line. */
static void take_plain(struct feed *feed, const char *end)
{
	struct data_reader *reader = feed->reader;
	const char *stop = skim(feed->at, end, reader->bad);

	if (stop == feed->at)
		return;
	if (stop[-1] == '\r')
		reader->state = DATA_CR;
	else if (stop[-1] == '\n' && stop[-2] == '\r')
		reader->state = DATA_LINE_BEGIN;
	else
		reader->state = DATA_TEXT;
	reader->size += (uint64_t)(stop - feed->at);
	feed->at = stop;
}

static bool may_be_plain(const struct feed *feed)
{
	/* The octet before is looked at too. */
	return feed->at > feed->data &&
	       (feed->reader->state == DATA_TEXT || feed->reader->state == DATA_CR ||
		feed->reader->state == DATA_LINE_BEGIN);
}

size_t data_feed(struct data_reader *reader, const char *data, size_t size,
		 struct data_piece pieces[DATA_PIECES_MAX], size_t *count)
{
	struct feed feed = {
		.reader = reader, .data = data, .start = data, .at = data, .pieces = pieces};
	const char *end = data + size;

	while (feed.at < end && reader->state != DATA_END &&
	       feed.count + PIECES_NEEDED <= DATA_PIECES_MAX) {
		if (may_be_plain(&feed))
			take_plain(&feed, end);
		if (feed.at < end)
			take_octet(&feed);
	}
	put_input(&feed);
	*count = feed.count;
	return (size_t)(feed.at - data);
}
