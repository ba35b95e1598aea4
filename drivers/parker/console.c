// SPDX-License-Identifier: GPL-2.0
/*
 * Parker: the console of an application kernel.
 *
 * One console from before setup_arch() to the end, so that nothing is printed
 * twice and nothing is lost when a boot console hands over to another one.
 */
#define pr_fmt(fmt) "parker: " fmt

#include <linux/console.h>
#include <linux/init.h>
#include <linux/parker_ring.h>
#include <linux/spinlock.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/tty_port.h>

#include "app.h"

/* A writer holds the lock for microseconds, so this is far too long. */
#define PARKER_CONSOLE_TRIES	1000000

/* The ring wants one writer at a time: the console and the tty are two. */
static DEFINE_RAW_SPINLOCK(parker_console_lock);

static const struct tty_port_operations parker_tty_port_ops;
static struct tty_driver *parker_tty_driver;
static struct tty_port parker_tty_port;

static void parker_console_put(const char *text, size_t len)
{
	struct parker_given *block = parker_app_block();

	parker_app_stamp(PARKER_STAMP_CONSOLE);
	parker_ring_write(parker_app_console(), le32_to_cpu(block->console_size), text, len);
}

/*
 * In a panic the owner of the lock may have been stopped for good, or be what
 * this CPU was doing when an NMI came: give up the lock, not the text.
 */
static void parker_console_put_panic(const char *text, size_t len)
{
	for (unsigned int i = 0; i < PARKER_CONSOLE_TRIES; i++) {
		if (raw_spin_trylock(&parker_console_lock)) {
			parker_console_put(text, len);
			raw_spin_unlock(&parker_console_lock);
			return;
		}
		cpu_relax();
	}
	parker_console_put(text, len);
}

static void parker_console_emit(const char *text, size_t len)
{
	unsigned long flags;

	local_irq_save(flags);
	if (oops_in_progress) {
		parker_console_put_panic(text, len);
	} else {
		raw_spin_lock(&parker_console_lock);
		parker_console_put(text, len);
		raw_spin_unlock(&parker_console_lock);
	}
	local_irq_restore(flags);
}

static void parker_console_write(struct console *con, const char *text, unsigned int len)
{
	parker_console_emit(text, len);
}

static struct tty_driver *parker_console_device(struct console *con, int *index)
{
	*index = 0;
	return parker_tty_driver;
}

/*
 * Enabled without being asked for: console= on a command line that was made
 * for the whole machine names devices that are not here.
 */
static struct console parker_console = {
	.name	= "ttyparker",
	.write	= parker_console_write,
	.device	= parker_console_device,
	.flags	= CON_ENABLED | CON_PRINTBUFFER | CON_ANYTIME,
};

/**
 * parker_console_early() - Begin to print into the console ring
 *
 * What was printed before is printed first.  Called by the architecture as
 * soon as parker_app_block() is mapped.
 *
 * Context: the boot CPU, before or in setup_arch().
 */
void __init parker_console_early(void)
{
	parker_report_early();
	register_console(&parker_console);
}

static int parker_tty_open(struct tty_struct *tty, struct file *file)
{
	return tty_port_open(&parker_tty_port, tty, file);
}

static void parker_tty_close(struct tty_struct *tty, struct file *file)
{
	tty_port_close(&parker_tty_port, tty, file);
}

static void parker_tty_hangup(struct tty_struct *tty)
{
	tty_port_hangup(&parker_tty_port);
}

static ssize_t parker_tty_write(struct tty_struct *tty, const u8 *buf, size_t count)
{
	parker_app_stamp(PARKER_STAMP_USER);
	parker_console_emit(buf, count);
	return count;
}

static unsigned int parker_tty_write_room(struct tty_struct *tty)
{
	return SZ_64K;
}

static const struct tty_operations parker_tty_ops = {
	.open		= parker_tty_open,
	.close		= parker_tty_close,
	.hangup		= parker_tty_hangup,
	.write		= parker_tty_write,
	.write_room	= parker_tty_write_room,
};

static int __init parker_tty_register(struct tty_driver *driver)
{
	driver->driver_name = "parker";
	driver->name = "ttyparker";
	driver->type = TTY_DRIVER_TYPE_CONSOLE;
	driver->init_termios = tty_std_termios;
	/* Lines end as those of the kernel do: no carriage return is added. */
	driver->init_termios.c_oflag = OPOST;
	tty_set_operations(driver, &parker_tty_ops);

	tty_port_init(&parker_tty_port);
	parker_tty_port.ops = &parker_tty_port_ops;
	tty_port_link_device(&parker_tty_port, driver, 0);
	return tty_register_driver(driver);
}

static int __init parker_tty_init(void)
{
	struct tty_driver *driver;
	int ret;

	if (!parker_app_running())
		return 0;

	driver = tty_alloc_driver(1, TTY_DRIVER_RESET_TERMIOS | TTY_DRIVER_REAL_RAW |
				     TTY_DRIVER_UNNUMBERED_NODE);
	if (IS_ERR(driver))
		return PTR_ERR(driver);

	ret = parker_tty_register(driver);
	if (ret) {
		pr_err("cannot register the tty: %pe\n", ERR_PTR(ret));
		tty_driver_kref_put(driver);
		tty_port_destroy(&parker_tty_port);
		return ret;
	}
	parker_tty_driver = driver;
	return 0;
}
device_initcall(parker_tty_init);

/* /dev/console is this one, so that the boot kernel sees what init prints. */
static int __init parker_console_prefer(void)
{
	if (!parker_tty_driver)
		return 0;

	console_list_lock();
	console_force_preferred_locked(&parker_console);
	console_list_unlock();
	return 0;
}
late_initcall(parker_console_prefer);
