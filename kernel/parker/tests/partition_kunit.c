// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of names, of states and verbs, of the line that makes a whole
 * partition, and of what follows from a report.
 */
#include <kunit/test.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/string.h>

#include "../internal.h"

struct name_case {
	const char *desc;
	const char *name;
	int ret;
};

static const struct name_case name_cases[] = {
	{ "one letter", "a", 0 },
	{ "one digit", "0", 0 },
	{ "all kinds", "Web-1_a.B", 0 },
	{ "31 letters", "abcdefghijklmnopqrstuvwxyz01234", 0 },
	{ "32 letters", "abcdefghijklmnopqrstuvwxyz012345", -EINVAL },
	{ "none", "", -EINVAL },
	{ "dot", ".", -EINVAL },
	{ "two dots", "..", -EINVAL },
	{ "hidden", ".web", -EINVAL },
	{ "begins with dash", "-web", -EINVAL },
	{ "begins with underscore", "_web", -EINVAL },
	{ "blank", "a b", -EINVAL },
	{ "slash", "a/b", -EINVAL },
	{ "newline", "web\n", -EINVAL },
	{ "control", "we\001b", -EINVAL },
	{ "latin-1", "w\344b", -EINVAL },
	{ "latin-1 first", "\344b", -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(name, name_cases, desc);

static void parker_partition_test_name(struct kunit *test)
{
	const struct name_case *c = test->param_value;
	struct parker_error err = {};

	KUNIT_EXPECT_EQ(test, parker_check_name(c->name, &err), c->ret);
	KUNIT_EXPECT_EQ(test, !!err.text[0], !!c->ret);
	KUNIT_EXPECT_NULL(test, strchr(err.text, '\n'));
}

/* What each verb does in each state: B EBUSY, I EIO, N ENOEXEC, 0 and 1. */
static const struct {
	enum parker_state state;
	const char *name;
	const char *start_stop_kill_unload;
} verb_cases[] = {
	{ PARKER_EMPTY,		"empty",	"NBBB" },
	{ PARKER_LOADED,	"loaded",	"0BB0" },
	{ PARKER_BOOTING,	"booting",	"BB0B" },
	{ PARKER_RUNNING,	"running",	"B00B" },
	{ PARKER_STOPPING,	"stopping",	"BB0B" },
	{ PARKER_STOPPED,	"stopped",	"0110" },
	{ PARKER_CRASHED,	"crashed",	"0B00" },
	{ PARKER_QUARANTINED,	"quarantined",	"IIII" },
};

static_assert(ARRAY_SIZE(verb_cases) == PARKER_NR_STATES);

KUNIT_ARRAY_PARAM_DESC(verb, verb_cases, name);

static char verb_result(int ret)
{
	switch (ret) {
	case 0:
		return '0';
	case 1:
		return '1';
	case -EBUSY:
		return 'B';
	case -EIO:
		return 'I';
	case -ENOEXEC:
		return 'N';
	default:
		return '?';
	}
}

static void parker_partition_test_verbs(struct kunit *test)
{
	const typeof(verb_cases[0]) *c = test->param_value;

	KUNIT_EXPECT_STREQ(test, parker_state_name(c->state), c->name);
	for (int verb = 0; verb < PARKER_NR_VERBS; verb++) {
		struct parker_error err = {};
		int ret = parker_verb_check(verb, c->state, "web", &err);

		KUNIT_EXPECT_EQ_MSG(test, verb_result(ret), c->start_stop_kill_unload[verb],
				    "verb %d: %s", verb, err.text);
		KUNIT_EXPECT_EQ(test, !!err.text[0], ret < 0);
		if (ret == -EBUSY)
			KUNIT_EXPECT_NOT_NULL(test, strstr(err.text, c->name));
	}
}

static void parker_partition_test_fitting_verbs(struct kunit *test)
{
	struct parker_error err = {};

	parker_verb_check(PARKER_START, PARKER_RUNNING, "web", &err);
	KUNIT_EXPECT_STREQ(test, err.text, "start: web is running; the verbs that fit: stop, kill");
	parker_verb_check(PARKER_KILL, PARKER_EMPTY, "web", &err);
	KUNIT_EXPECT_STREQ(test, err.text,
			   "kill: web is empty; the verbs that fit: none before a kernel is loaded");
}

static void parker_partition_test_verb_words(struct kunit *test)
{
	static const char * const wrong[] = {
		"", "Start", "start ", "restart", "stop\n", "killall", "running",
	};
	struct parker_error err = {};

	KUNIT_EXPECT_EQ(test, parker_verb_parse("start", &err), PARKER_START);
	KUNIT_EXPECT_EQ(test, parker_verb_parse("stop", &err), PARKER_STOP);
	KUNIT_EXPECT_EQ(test, parker_verb_parse("kill", &err), PARKER_KILL);
	KUNIT_EXPECT_EQ(test, parker_verb_parse("unload", &err), PARKER_UNLOAD);
	KUNIT_EXPECT_STREQ(test, err.text, "");

	for (int i = 0; i < ARRAY_SIZE(wrong); i++)
		KUNIT_EXPECT_EQ_MSG(test, parker_verb_parse(wrong[i], &err), -EINVAL,
				    "'%s'", wrong[i]);
}

/* Row: from; column: to, in the order of enum parker_state. */
static void parker_partition_test_edges(struct kunit *test)
{
	static const char * const edges[] = {
		/*			  ELBRSSCQ */
		[PARKER_EMPTY]		= ".x......",
		[PARKER_LOADED]		= "xxx....x",
		[PARKER_BOOTING]	= "...x.xxx",
		[PARKER_RUNNING]	= "....xxxx",
		[PARKER_STOPPING]	= ".....xxx",
		[PARKER_STOPPED]	= "xxx..x.x",
		[PARKER_CRASHED]	= "xxx..xxx",
		[PARKER_QUARANTINED]	= "........",
	};

	for (int from = 0; from < PARKER_NR_STATES; from++) {
		for (int to = 0; to < PARKER_NR_STATES; to++)
			KUNIT_EXPECT_EQ_MSG(test, parker_state_follows(from, to),
					    edges[from][to] == 'x', "from %s to %s",
					    parker_state_name(from), parker_state_name(to));
	}
}

/* Whatever a verb or the monitor does, the kernel that ran is gone after it. */
static void parker_partition_test_live(struct kunit *test)
{
	for (int state = 0; state < PARKER_NR_STATES; state++) {
		bool live = state == PARKER_BOOTING || state == PARKER_RUNNING ||
			    state == PARKER_STOPPING;

		KUNIT_EXPECT_EQ(test, parker_state_is_live(state), live);
		if (live) {
			KUNIT_EXPECT_TRUE(test, parker_state_follows(state, PARKER_STOPPED));
			KUNIT_EXPECT_TRUE(test, parker_state_follows(state, PARKER_CRASHED));
			KUNIT_EXPECT_TRUE(test, parker_state_follows(state, PARKER_QUARANTINED));
			KUNIT_EXPECT_FALSE(test, parker_state_follows(state, PARKER_EMPTY));
		}
	}
}

struct line_case {
	const char *desc;
	const char *text;
	int ret;
	struct parker_line line;
};

static const struct line_case line_cases[] = {
	{ "whole", "web cpus=4-7 memory=512M@0,1G devices=0000:00:04.0", 0,
	  { "web", "4-7", "512M@0,1G", "0000:00:04.0" } },
	{ "no devices", "web cpus=4-7 memory=512M", 0, { "web", "4-7", "512M", NULL } },
	{ "empty devices", "web cpus=1 memory=2M devices=", 0, { "web", "1", "2M", NULL } },
	{ "another order", "web memory=512M cpus=4-7", 0, { "web", "4-7", "512M", NULL } },
	{ "more blanks", "  web\tcpus=1   memory=2M\t\n", 0, { "web", "1", "2M", NULL } },
	{ "isolation", "web cpus=1 memory=2M isolation=guarded", 0,
	  { "web", "1", "2M", NULL, "guarded" } },
	{ "isolation twice", "web cpus=1 memory=2M isolation=bare isolation=bare", -EINVAL },
	{ "nothing", "", -EINVAL },
	{ "blanks", " \t\t", -EINVAL },
	{ "name only", "web", -EINVAL },
	{ "no name", "cpus=1 memory=2M", -EINVAL },
	{ "no memory", "web cpus=1", -EINVAL },
	{ "no cpus", "web memory=2M", -EINVAL },
	{ "empty cpus", "web cpus= memory=2M", -EINVAL },
	{ "empty memory", "web cpus=1 memory=", -EINVAL },
	{ "cpus twice", "web cpus=1 cpus=2 memory=2M", -EINVAL },
	{ "unknown key", "web cpus=1 memory=2M color=red", -EINVAL },
	{ "stray word", "web cpus=1 memory=2M more", -EINVAL },
	{ "bad name", "-web cpus=1 memory=2M", -EINVAL },
	{ "long name", "abcdefghijklmnopqrstuvwxyz012345 cpus=1 memory=2M", -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(line, line_cases, desc);

static void parker_partition_test_line(struct kunit *test)
{
	const struct line_case *c = test->param_value;
	struct parker_error err = {};
	struct parker_line line;
	char buf[96];

	strscpy(buf, c->text);
	KUNIT_EXPECT_EQ(test, parker_line_split(buf, &line, &err), c->ret);
	KUNIT_EXPECT_EQ(test, !!err.text[0], !!c->ret);
	if (c->ret)
		return;

	KUNIT_EXPECT_STREQ(test, line.name, c->line.name);
	KUNIT_EXPECT_STREQ(test, line.cpus, c->line.cpus);
	KUNIT_EXPECT_STREQ(test, line.memory, c->line.memory);
	KUNIT_EXPECT_EQ(test, !!line.devices, !!c->line.devices);
	if (line.devices && c->line.devices)
		KUNIT_EXPECT_STREQ(test, line.devices, c->line.devices);
	KUNIT_EXPECT_EQ(test, !!line.isolation, !!c->line.isolation);
	if (line.isolation && c->line.isolation)
		KUNIT_EXPECT_STREQ(test, line.isolation, c->line.isolation);
}

#define NOW	100000UL
#define AGO(s)	(NOW - (unsigned long)(s) * HZ)

/**
 * struct judge_case - a report and what follows from it
 * @desc:	what the case is about
 * @state:	state of the partition
 * @since:	time at which it was first seen, 0: now
 * @report:	the report; without a version that of the contract is meant
 * @watch:	what was seen before; times that are 0 mean now
 * @to:		the state that follows
 * @reason:	the sentence, NULL: nothing happens
 * @killed:	the boot kernel ended it
 * @reboot:	it is to be started again
 * @timeout:	panic timeout that is handed on
 */
struct judge_case {
	const char *desc;
	enum parker_state state;
	unsigned long since;
	struct parker_report report;
	struct parker_watch watch;
	enum parker_state to;
	const char *reason;
	bool killed;
	bool reboot;
	int timeout;
};

#define UP	PARKER_TOLD_UP
#define ENDED	PARKER_TOLD_ENDED

static const struct judge_case judge_cases[] = {
	{ .desc = "just started", .state = PARKER_BOOTING, .to = PARKER_BOOTING },
	{ .desc = "comes up", .state = PARKER_BOOTING, .report = { .state = UP },
	  .to = PARKER_RUNNING, .reason = "reported" },
	{ .desc = "boots for 60 s", .state = PARKER_BOOTING, .since = AGO(60),
	  .to = PARKER_BOOTING },
	{ .desc = "boots for 61 s", .state = PARKER_BOOTING, .since = AGO(61),
	  .to = PARKER_CRASHED, .reason = "did not report within 60 s" },
	{ .desc = "comes up at the last moment", .state = PARKER_BOOTING, .since = AGO(61),
	  .report = { .state = UP }, .to = PARKER_RUNNING, .reason = "reported" },
	{ .desc = "no heartbeat while it boots", .state = PARKER_BOOTING, .since = AGO(50),
	  .watch = { .heart_at = AGO(50) }, .to = PARKER_BOOTING },
	{ .desc = "runs", .state = PARKER_RUNNING, .since = AGO(500),
	  .report = { .state = UP, .heartbeat = 2 },
	  .watch = { .told_state = UP, .heartbeat = 1, .heart_at = AGO(11) },
	  .to = PARKER_RUNNING },
	{ .desc = "heart stands for 10 s", .state = PARKER_RUNNING, .since = AGO(500),
	  .report = { .state = UP, .heartbeat = 1 },
	  .watch = { .told_state = UP, .heartbeat = 1, .heart_at = AGO(10) },
	  .to = PARKER_RUNNING },
	{ .desc = "heart stands for 11 s", .state = PARKER_RUNNING, .since = AGO(500),
	  .report = { .state = UP, .heartbeat = 1 },
	  .watch = { .told_state = UP, .heartbeat = 1, .heart_at = AGO(11) },
	  .to = PARKER_CRASHED, .reason = "no heartbeat for 10 s" },
	{ .desc = "came up with no heartbeat before", .state = PARKER_RUNNING, .since = AGO(1),
	  .report = { .state = UP },
	  .watch = { .told_state = UP, .heart_at = AGO(30) }, .to = PARKER_RUNNING },
	{ .desc = "powers off", .state = PARKER_STOPPING,
	  .report = { .state = ENDED, .end = PARKER_END_POWEROFF },
	  .to = PARKER_STOPPED, .reason = "powered off" },
	{ .desc = "powers off by itself", .state = PARKER_RUNNING,
	  .report = { .state = ENDED, .end = PARKER_END_POWEROFF },
	  .to = PARKER_STOPPED, .reason = "powered off" },
	{ .desc = "powers off before it reports", .state = PARKER_BOOTING,
	  .report = { .state = ENDED, .end = PARKER_END_POWEROFF },
	  .to = PARKER_STOPPED, .reason = "powered off" },
	{ .desc = "halts", .state = PARKER_RUNNING,
	  .report = { .state = ENDED, .end = PARKER_END_HALT },
	  .to = PARKER_STOPPED, .reason = "halted" },
	{ .desc = "reboots", .state = PARKER_RUNNING,
	  .report = { .state = ENDED, .end = PARKER_END_REBOOT },
	  .to = PARKER_STOPPED, .reason = "rebooting", .reboot = true },
	{ .desc = "panics", .state = PARKER_RUNNING,
	  .report = { .state = ENDED, .end = PARKER_END_PANIC, .panicked = 1,
		      .panic_timeout = 5, .message = "Oh dear" },
	  .to = PARKER_CRASHED, .reason = "panic: Oh dear", .timeout = 5 },
	{ .desc = "panics with a strange message", .state = PARKER_RUNNING,
	  .report = { .state = ENDED, .end = PARKER_END_PANIC, .panicked = 1,
		      .message = "a\nb\033[0m\377" },
	  .to = PARKER_CRASHED, .reason = "panic: a\\nb\\e[0m\\xff" },
	{ .desc = "panics while it stops", .state = PARKER_STOPPING,
	  .report = { .state = ENDED, .end = PARKER_END_PANIC, .message = "x" },
	  .to = PARKER_CRASHED, .reason = "panic: x" },
	{ .desc = "has just panicked", .state = PARKER_RUNNING,
	  .report = { .state = UP, .panicked = 1, .message = "x" }, .to = PARKER_RUNNING },
	{ .desc = "panicked and prints", .state = PARKER_RUNNING, .since = AGO(500),
	  .report = { .state = UP, .panicked = 1, .console_head = 9, .message = "x" },
	  .watch = { .told_state = UP, .panicked = true, .panic_at = AGO(5),
		     .heart_at = AGO(15), .console_head = 8, .console_at = AGO(1) },
	  .to = PARKER_RUNNING },
	{ .desc = "panicked and is silent", .state = PARKER_RUNNING,
	  .report = { .state = UP, .panicked = 1, .console_head = 8, .message = "x" },
	  .watch = { .told_state = UP, .panicked = true, .panic_at = AGO(5),
		     .console_head = 8, .console_at = AGO(3) },
	  .to = PARKER_CRASHED, .reason = "panic: x" },
	{ .desc = "panicked and was silent before", .state = PARKER_RUNNING,
	  .report = { .state = UP, .panicked = 1, .console_head = 8, .message = "x" },
	  .watch = { .told_state = UP, .panicked = true, .panic_at = AGO(1),
		     .console_head = 8, .console_at = AGO(30) },
	  .to = PARKER_RUNNING },
	{ .desc = "panicked and prints for ever", .state = PARKER_RUNNING,
	  .report = { .state = UP, .panicked = 1, .console_head = 9, .message = "x" },
	  .watch = { .told_state = UP, .panicked = true, .panic_at = AGO(61),
		     .console_head = 8, .console_at = AGO(1) },
	  .to = PARKER_CRASHED, .reason = "panic: x" },
	{ .desc = "panicked before it reported", .state = PARKER_BOOTING,
	  .report = { .panicked = 1, .message = "x" },
	  .watch = { .panicked = true, .panic_at = AGO(3), .console_at = AGO(3) },
	  .to = PARKER_CRASHED, .reason = "panic: x" },
	{ .desc = "stops for 90 s", .state = PARKER_STOPPING, .since = AGO(90),
	  .report = { .state = UP }, .watch = { .heart_at = AGO(90) },
	  .to = PARKER_STOPPING },
	{ .desc = "stops for 91 s", .state = PARKER_STOPPING, .since = AGO(91),
	  .report = { .state = UP }, .to = PARKER_STOPPED,
	  .reason = "killed, as it did not power off within 90 s", .killed = true },
	{ .desc = "impossible state", .state = PARKER_RUNNING, .report = { .state = 3 },
	  .to = PARKER_CRASHED, .reason = "reported the impossible state 3" },
	{ .desc = "state goes back", .state = PARKER_RUNNING,
	  .report = { .state = PARKER_TOLD_NOTHING }, .watch = { .told_state = UP },
	  .to = PARKER_CRASHED, .reason = "reported state 0 after state 1" },
	{ .desc = "impossible end", .state = PARKER_RUNNING,
	  .report = { .state = ENDED, .end = 77 },
	  .to = PARKER_CRASHED, .reason = "reported the impossible end 77" },
	{ .desc = "no end", .state = PARKER_RUNNING, .report = { .state = ENDED },
	  .to = PARKER_CRASHED, .reason = "reported the impossible end 0" },
	{ .desc = "impossible panic mark", .state = PARKER_RUNNING,
	  .report = { .state = UP, .panicked = 2 },
	  .to = PARKER_CRASHED, .reason = "reported the impossible panic mark 2" },
	{ .desc = "panic taken back", .state = PARKER_RUNNING,
	  .report = { .state = UP }, .watch = { .told_state = UP, .panicked = true },
	  .to = PARKER_CRASHED, .reason = "reported the impossible panic mark 0" },
	{ .desc = "console goes back", .state = PARKER_RUNNING,
	  .report = { .state = UP, .console_head = 5 }, .watch = { .console_head = 6 },
	  .to = PARKER_CRASHED,
	  .reason = "reported the impossible console position 5 after 6" },
	{ .desc = "impossible console", .state = PARKER_RUNNING,
	  .report = { .state = UP, .console_head = (u64)S64_MAX + 1 },
	  .to = PARKER_CRASHED,
	  .reason = "reported the impossible console position 9223372036854775808 after 0" },
};

KUNIT_ARRAY_PARAM_DESC(judge, judge_cases, desc);

static void parker_partition_test_judge(struct kunit *test)
{
	const struct judge_case *c = test->param_value;
	struct parker_view view = {
		.state = c->state,
		.now = NOW,
		.watchdog = 10,
		.boot_timeout = 60,
		.stop_timeout = 90,
	};
	struct parker_report *report = kunit_kzalloc(test, sizeof(*report), GFP_KERNEL);
	struct parker_verdict *verdict = kunit_kzalloc(test, sizeof(*verdict), GFP_KERNEL);
	struct parker_watch *watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, report);
	KUNIT_ASSERT_NOT_NULL(test, verdict);
	KUNIT_ASSERT_NOT_NULL(test, watch);
	*report = c->report;
	report->version = report->version ?: PARKER_ABI_VERSION;
	*watch = c->watch;
	watch->state = c->state;
	watch->state_at = c->since ?: NOW;
	watch->heart_at = watch->heart_at ?: NOW;
	watch->console_at = watch->console_at ?: NOW;

	parker_judge(&view, report, watch, verdict);

	KUNIT_EXPECT_EQ(test, verdict->state, c->to);
	KUNIT_EXPECT_STREQ(test, verdict->reason, c->reason ?: "");
	KUNIT_EXPECT_EQ(test, verdict->killed, c->killed);
	KUNIT_EXPECT_EQ(test, verdict->reboot, c->reboot);
	KUNIT_EXPECT_EQ(test, verdict->panic_timeout, c->timeout);
	if (verdict->state != c->state)
		KUNIT_EXPECT_TRUE(test, parker_state_follows(c->state, verdict->state));
}

static void parker_partition_test_no_watchdog(struct kunit *test)
{
	struct parker_view view = { .state = PARKER_RUNNING, .now = NOW };
	struct parker_report report = { .version = PARKER_ABI_VERSION, .state = UP };
	struct parker_watch *watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);
	struct parker_verdict verdict;

	KUNIT_ASSERT_NOT_NULL(test, watch);
	watch->state = PARKER_RUNNING;
	watch->state_at = AGO(900);
	watch->heart_at = AGO(900);
	parker_judge(&view, &report, watch, &verdict);
	KUNIT_EXPECT_EQ(test, verdict.state, PARKER_RUNNING);
}

static void parker_partition_test_version(struct kunit *test)
{
	struct parker_view view = { .state = PARKER_BOOTING, .now = NOW, .boot_timeout = 60 };
	struct parker_watch *watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);
	struct parker_report report = { .state = UP };
	struct parker_verdict verdict;

	KUNIT_ASSERT_NOT_NULL(test, watch);
	parker_judge(&view, &report, watch, &verdict);
	KUNIT_EXPECT_EQ(test, verdict.state, PARKER_CRASHED);
	KUNIT_EXPECT_STREQ(test, verdict.reason, "reported the impossible version 0");

	/* Who ends before it reports need not have set it. */
	*watch = (struct parker_watch){};
	report.state = ENDED;
	report.end = PARKER_END_POWEROFF;
	parker_judge(&view, &report, watch, &verdict);
	KUNIT_EXPECT_EQ(test, verdict.state, PARKER_STOPPED);
}

/* The longest message still ends within the reason. */
static void parker_partition_test_long_message(struct kunit *test)
{
	struct parker_view view = { .state = PARKER_RUNNING, .now = NOW };
	struct parker_report *report = kunit_kzalloc(test, sizeof(*report), GFP_KERNEL);
	struct parker_verdict *verdict = kunit_kzalloc(test, sizeof(*verdict), GFP_KERNEL);
	struct parker_watch *watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, report);
	KUNIT_ASSERT_NOT_NULL(test, verdict);
	KUNIT_ASSERT_NOT_NULL(test, watch);
	report->version = PARKER_ABI_VERSION;
	report->state = ENDED;
	report->end = PARKER_END_PANIC;
	memset(report->message, 1, sizeof(report->message));

	parker_judge(&view, report, watch, verdict);
	KUNIT_EXPECT_EQ(test, verdict->state, PARKER_CRASHED);
	KUNIT_EXPECT_LT(test, strnlen(verdict->reason, sizeof(verdict->reason)),
			sizeof(verdict->reason));
	KUNIT_EXPECT_EQ(test, strncmp(verdict->reason, "panic: \\x01\\x01", 15), 0);
}

/* The time in a state begins when the state is first seen. */
static void parker_partition_test_new_state(struct kunit *test)
{
	struct parker_view view = { .state = PARKER_STOPPING, .now = NOW, .stop_timeout = 90 };
	struct parker_report report = { .version = PARKER_ABI_VERSION, .state = UP };
	struct parker_watch *watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);
	struct parker_verdict verdict;

	KUNIT_ASSERT_NOT_NULL(test, watch);
	watch->state = PARKER_RUNNING;
	watch->state_at = AGO(500);
	parker_judge(&view, &report, watch, &verdict);
	KUNIT_EXPECT_EQ(test, verdict.state, PARKER_STOPPING);

	view.now += 90 * HZ;
	parker_judge(&view, &report, watch, &verdict);
	KUNIT_EXPECT_EQ(test, verdict.state, PARKER_STOPPING);
	view.now++;
	parker_judge(&view, &report, watch, &verdict);
	KUNIT_EXPECT_EQ(test, verdict.state, PARKER_STOPPED);
}

/**
 * struct clock_case - checks of a kernel whose heart stands, and what they make of it
 * @desc:	what the case is about
 * @late:	jiffies between two checks
 * @checks:	how many checks there are at most
 * @found:	the one that ends the kernel, 0: none
 */
struct clock_case {
	const char *desc;
	unsigned long late;
	unsigned int checks;
	unsigned int found;
};

/* The watchdog is 3 seconds. A check that comes late counts for 0.2 seconds. */
static const struct clock_case clock_cases[] = {
	{ "all on time", HZ / 10, 100, 3 * HZ / (HZ / 10) + 1 },
	{ "all close together", HZ / 50, 1000, 3 * HZ / (HZ / 50) + 1 },
	{ "one that is late by a day", 86400 * HZ, 1, 0 },
	{ "each is late by 8 seconds", 8 * HZ, 100, 3 * HZ / (HZ / 5) + 1 },
	{ "too few that are late", 8 * HZ, 3 * HZ / (HZ / 5), 0 },
	{ "none that is later than the last", 0, 1000, 0 },
	{ "a time that goes back", -1UL, 10, 0 },
};

KUNIT_ARRAY_PARAM_DESC(clock, clock_cases, desc);

/* Close to where the counter wraps, as jiffies do five minutes after boot. */
static void parker_partition_test_clock(struct kunit *test)
{
	const struct clock_case *c = test->param_value;
	struct parker_clock clock = { .time = -HZ, .checked_at = -HZ };
	struct parker_report report = { .version = PARKER_ABI_VERSION, .state = UP,
					.heartbeat = 1 };
	struct parker_view view = { .state = PARKER_RUNNING, .watchdog = 3 };
	struct parker_watch *watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);
	unsigned long now = clock.checked_at;
	struct parker_verdict verdict;
	unsigned int found = 0;

	KUNIT_ASSERT_NOT_NULL(test, watch);
	*watch = (struct parker_watch){
		.state = PARKER_RUNNING, .state_at = clock.time, .told_state = UP,
		.heartbeat = 1, .heart_at = clock.time,
	};
	for (unsigned int check = 1; check <= c->checks && !found; check++) {
		now += c->late;
		parker_advance_clock(&clock, now);
		view.now = clock.time;
		parker_judge(&view, &report, watch, &verdict);
		if (verdict.state != PARKER_RUNNING)
			found = check;
	}
	KUNIT_EXPECT_EQ(test, found, c->found);
	if (found)
		KUNIT_EXPECT_STREQ(test, verdict.reason, "no heartbeat for 3 s");
}

/* Whatever stood still before, one beat is enough to live on. */
static void parker_partition_test_beat_after_pause(struct kunit *test)
{
	struct parker_report report = { .version = PARKER_ABI_VERSION, .state = UP };
	struct parker_view view = { .state = PARKER_RUNNING, .watchdog = 1 };
	struct parker_watch *watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);
	struct parker_clock clock = {};
	struct parker_verdict verdict;

	KUNIT_ASSERT_NOT_NULL(test, watch);
	watch->state = PARKER_RUNNING;
	watch->told_state = UP;
	for (unsigned int round = 1; round <= 100; round++) {
		report.heartbeat = round / 4;
		parker_advance_clock(&clock, round * 8UL * HZ);
		view.now = clock.time;
		parker_judge(&view, &report, watch, &verdict);
		KUNIT_ASSERT_EQ(test, verdict.state, PARKER_RUNNING);
	}
}

struct restart_case {
	const char *desc;
	struct parker_verdict verdict;
	bool on_crash;
	bool steady;
	unsigned int backoff;
	int seconds;
	unsigned int next;
};

static const struct restart_case restart_cases[] = {
	{ "powered off", { .state = PARKER_STOPPED }, true, false, 4, -1, 4 },
	{ "powered off after long", { .state = PARKER_STOPPED }, true, true, 4, -1, 4 },
	{ "reboot", { .state = PARKER_STOPPED, .reboot = true }, false, false, 0, 0, 1 },
	{ "second reboot", { .state = PARKER_STOPPED, .reboot = true }, false, false, 1, 1, 2 },
	{ "third reboot", { .state = PARKER_STOPPED, .reboot = true }, true, false, 2, 2, 4 },
	{ "many reboots", { .state = PARKER_STOPPED, .reboot = true }, false, false, 32, 32, 60 },
	{ "more reboots", { .state = PARKER_STOPPED, .reboot = true }, false, false, 60, 60, 60 },
	{ "reboot after long", { .state = PARKER_STOPPED, .reboot = true }, false, true, 60, 0, 1 },
	{ "crash, stay", { .state = PARKER_CRASHED }, false, false, 0, -1, 0 },
	{ "crash, restart", { .state = PARKER_CRASHED }, true, false, 0, 0, 1 },
	{ "second crash", { .state = PARKER_CRASHED }, true, false, 1, 1, 2 },
	{ "third crash", { .state = PARKER_CRASHED }, true, false, 2, 2, 4 },
	{ "many crashes", { .state = PARKER_CRASHED }, true, false, 32, 32, 60 },
	{ "more crashes", { .state = PARKER_CRASHED }, true, false, 60, 60, 60 },
	{ "crash after long", { .state = PARKER_CRASHED }, true, true, 60, 0, 1 },
	{ "panic=5", { .state = PARKER_CRASHED, .panic_timeout = 5 }, false, false, 0, 5, 1 },
	{ "panic=5 again", { .state = PARKER_CRASHED, .panic_timeout = 5 },
	  false, false, 8, 8, 16 },
	{ "panic=-1", { .state = PARKER_CRASHED, .panic_timeout = -1 }, false, false, 0, 0, 1 },
	{ "panic=-1 again", { .state = PARKER_CRASHED, .panic_timeout = -1 },
	  false, false, 1, 1, 2 },
};

KUNIT_ARRAY_PARAM_DESC(restart, restart_cases, desc);

static void parker_partition_test_restart(struct kunit *test)
{
	const struct restart_case *c = test->param_value;
	unsigned int backoff = c->backoff;

	KUNIT_EXPECT_EQ(test, parker_judge_restart(&c->verdict, c->on_crash, c->steady, &backoff),
			c->seconds);
	KUNIT_EXPECT_EQ(test, backoff, c->next);
}

static struct kunit_case parker_partition_cases[] = {
	KUNIT_CASE_PARAM(parker_partition_test_name, name_gen_params),
	KUNIT_CASE_PARAM(parker_partition_test_verbs, verb_gen_params),
	KUNIT_CASE(parker_partition_test_fitting_verbs),
	KUNIT_CASE(parker_partition_test_verb_words),
	KUNIT_CASE(parker_partition_test_edges),
	KUNIT_CASE(parker_partition_test_live),
	KUNIT_CASE_PARAM(parker_partition_test_line, line_gen_params),
	KUNIT_CASE_PARAM(parker_partition_test_judge, judge_gen_params),
	KUNIT_CASE(parker_partition_test_no_watchdog),
	KUNIT_CASE(parker_partition_test_version),
	KUNIT_CASE(parker_partition_test_long_message),
	KUNIT_CASE(parker_partition_test_new_state),
	KUNIT_CASE_PARAM(parker_partition_test_clock, clock_gen_params),
	KUNIT_CASE(parker_partition_test_beat_after_pause),
	KUNIT_CASE_PARAM(parker_partition_test_restart, restart_gen_params),
	{ }
};

static struct kunit_suite parker_partition_suite = {
	.name = "parker_partition",
	.test_cases = parker_partition_cases,
};

kunit_test_suite(parker_partition_suite);

MODULE_DESCRIPTION("KUnit tests of Parker's partitions");
MODULE_LICENSE("GPL");
