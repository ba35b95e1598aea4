// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit test of reading what a broken kernel overwrites all the time.
 *
 * One thread writes nonsense into a report and a console, as fast as it can, while
 * the test reads both as the boot kernel does.  scribble_kunit.rounds= is how often.
 */
#include <kunit/test.h>
#include <linux/ctype.h>
#include <linux/elf.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/parker_scribble.h>
#include <linux/sizes.h>

#include "../fs.h"

#define RING_SIZE	4096

static unsigned int rounds = 1000000;
module_param(rounds, uint, 0444);

struct scribble_test {
	struct parker_told told;
	struct parker_console console;
	char ring[RING_SIZE];
	/* All above is scribbled on, what follows belongs to the reader. */
	struct parker_layout layout;
	struct parker_watch watch;
	struct parker_reader reader;
	struct parker_report report;
	struct parker_verdict verdict;
	char buf[256];
	loff_t off;
	struct rnd_state rnd;
};

static int scribbler(void *data)
{
	struct scribble_test *t = data;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 1);
	while (!kthread_should_stop()) {
		parker_scribble(&rnd, &t->told, sizeof(t->told));
		parker_scribble(&rnd, &t->console, sizeof(t->console));
		parker_scribble(&rnd, t->ring, sizeof(t->ring));
		cond_resched();
	}
	return 0;
}

static bool is_one_line(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	if (len == size)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isascii(text[i]) || !isprint(text[i]))
			return false;
	return true;
}

/* What no report may bring about. */
static const char *judge_once(struct scribble_test *t, unsigned int round)
{
	static const enum parker_state states[] = {
		PARKER_BOOTING, PARKER_RUNNING, PARKER_STOPPING,
	};
	struct parker_view view = {
		.state		= states[prandom_u32_state(&t->rnd) % ARRAY_SIZE(states)],
		.now		= round,
		.watchdog	= 10,
		.boot_timeout	= 60,
		.stop_timeout	= 90,
	};

	/* As if it was always in that state: deadlines pass as well. */
	t->watch.state = view.state;
	parker_copy_report(&t->layout, &t->report);
	parker_judge(&view, &t->report, &t->watch, &t->verdict);
	if (strnlen(t->report.message, sizeof(t->report.message)) == sizeof(t->report.message))
		return "a message without an end";
	if (t->verdict.state == view.state)
		return NULL;
	t->watch = (struct parker_watch){};
	if (!parker_state_follows(view.state, t->verdict.state))
		return "a state that cannot follow";
	if (!is_one_line(t->verdict.reason, sizeof(t->verdict.reason)))
		return "a reason that is not one line";
	return NULL;
}

static const char *read_once(struct scribble_test *t)
{
	size_t count = prandom_u32_state(&t->rnd) % (sizeof(t->buf) - 1);
	size_t n;

	t->buf[count] = '#';
	n = parker_reader_read(&t->reader, &t->console, RING_SIZE, t->buf, count, t->off);
	if (n > count || t->buf[count] != '#')
		return "more text than was asked for";
	t->off = prandom_u32_state(&t->rnd) & 7 ? t->off + n : 0;
	return NULL;
}

static const char *describe_once(struct scribble_test *t)
{
	const struct parker_region region = { .start = SZ_64M, .len = SZ_8M };
	struct parker_mapping map = t->told.maps[0];
	struct elf64_phdr phdr;

	if (!parker_core_segment(&map, &region, SZ_1M, &phdr))
		return NULL;
	if (phdr.p_paddr < region.start || phdr.p_filesz > region.len ||
	    phdr.p_paddr - region.start > region.len - phdr.p_filesz ||
	    phdr.p_offset != SZ_1M + phdr.p_paddr - region.start)
		return "a segment out of the region";
	return NULL;
}

static void parker_scribble_test(struct kunit *test)
{
	struct scribble_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct task_struct *writer;
	const char *wrong = NULL;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->layout = (struct parker_layout){
		.told		= &t->told,
		.console	= &t->console,
		.console_size	= RING_SIZE,
	};
	prandom_seed_state(&t->rnd, 2);

	writer = kthread_run(scribbler, t, "parker_scribble");
	KUNIT_ASSERT_FALSE(test, IS_ERR(writer));
	for (unsigned int i = 0; i < rounds && !wrong; i++) {
		wrong = judge_once(t, i) ?: read_once(t) ?: describe_once(t);
		cond_resched();
	}
	kthread_stop(writer);

	KUNIT_EXPECT_NULL_MSG(test, wrong, "%s", wrong);
	kunit_info(test, "%u rounds on %u CPUs\n", rounds, num_online_cpus());
}

static struct kunit_case parker_scribble_cases[] = {
	KUNIT_CASE_SLOW(parker_scribble_test),
	{ }
};

static struct kunit_suite parker_scribble_suite = {
	.name		= "parker_scribble",
	.test_cases	= parker_scribble_cases,
};

kunit_test_suites(&parker_scribble_suite);
