/*
 * launch SOCKET: makes jails, each for one command, as long as somebody holds the other end of the socket with this number. Linux 5.12 or later.
 *
 * A message there asks for a jail: the flags of the namespaces that it is to have, and with them open files: a script, the command's three standard
 * streams, a pipe for its end, and the directory of its control group. A child of ours becomes the jail's first process and does what the script says:
 * words, each ended by a zero byte, the first of them the name of a call in the table near the end of this file. Whoever wrote it has checked and
 * decided everything: this program knows system calls and no rules. The last call becomes the command. The first that fails is told at the end of the
 * script, as its name, errno and what it was about, with zero bytes between them, and the exit code is 125. What wait(2) says of the child goes down the pipe.
 *
 * It stays small and does not start anew for each jail because execve(2) and the libraries that a program loads are most of what a jail costs. All
 * jails end with it, and it ends with the process at the other end of the socket.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of sys/mount.h, which cannot be had beside linux/mount.h. */
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount2(const char *target, int flags);
#define MNT_DETACH 2

#define NOT_STARTED 125

enum { SCRIPT, INPUT, OUTPUT, ERROR, STATUS, GROUP, FILES };

/* A jail that runs. */
struct jail {
	pid_t pid;
	int ended; /* A pidfd: can be read when it has. */
	int status; /* Where to say how. */
};

static const char *next, *end; /* The words that are left. */
static const char *current = "";
static int script;
static int root = -1;

static _Noreturn void fail(const char *what)
{
	int error = errno;

	lseek(script, 0, SEEK_END);
	dprintf(script, "%s%c%d%c%s", current, 0, error, 0, what);
	_exit(NOT_STARTED);
}

static int check(int result, const char *what)
{
	if (result < 0)
		fail(what);
	return result;
}

static const char *word(void)
{
	const char *found = next;

	if (found >= end) {
		errno = EINVAL;
		fail("read the script");
	}
	next += strlen(found) + 1;
	return found;
}

static unsigned long long number(void)
{
	return strtoull(word(), NULL, 10);
}

/* A path of the jail as the jail will see it, whatever its links say: openat2(2). */
static int find(const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = flags & O_CREAT ? 0644 : 0, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int found;

	do
		found = syscall(SYS_openat2, root, path, &how, sizeof how);
	while (found < 0 && errno == EAGAIN); /* Something was renamed meanwhile. */
	return found;
}

static void make_directory(const char *path)
{
	char above[PATH_MAX];
	int at = find(path, O_PATH);
	char *name;

	if (at < 0 && errno == ENOENT) {
		strcpy(above, path); /* place() has seen that it fits. */
		name = strrchr(above, '/');
		*name = 0;
		at = check(find(*above ? above : "/", O_PATH), path);
		check(mkdirat(at, name + 1, 0755), path);
	}
	close(check(at, path));
}

/* The same; what is missing, because it lies in something that was just mounted, is made. */
static int place(const char *path, int directory)
{
	char above[PATH_MAX];
	int found = find(path, O_PATH);

	if (found >= 0 || errno != ENOENT)
		return check(found, path);
	if (strlen(path) >= sizeof above) {
		errno = ENAMETOOLONG;
		fail(path);
	}

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		memcpy(above, path, slash - path);
		above[slash - path] = 0;
		make_directory(above);
	}
	if (directory)
		make_directory(path);
	else
		close(check(find(path, O_CREAT | O_WRONLY), path));
	return check(find(path, O_PATH), path);
}

/* A copy of the mounts at a place, with further attributes of mount_setattr(2). */
static int copy(int at, const char *path, uint64_t attributes)
{
	struct mount_attr attr = { .attr_set = attributes, .propagation = 1 << 18 /* MS_PRIVATE */ };
	int tree = check(syscall(SYS_open_tree, at, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH), path);

	check(syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr), path);
	return tree;
}

static void attach(int tree, int at, const char *what)
{
	check(syscall(SYS_move_mount, tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH), what);
	close(tree);
	close(at);
}

/* network FILE: into a network namespace that is there. */
static void enter_network(void)
{
	const char *file = word();
	int network = check(open(file, O_RDONLY | O_CLOEXEC), file);

	check(setns(network, CLONE_NEWNET), file);
	close(network);
}

/* root DIRECTORY */
static void take_root(void)
{
	const char *path = word();

	attach(copy(AT_FDCWD, path, 0), check(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), path), path);
	root = check(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), path);
}

/* mount TYPE PLACE FLAGS OPTIONS */
static void mount_new(void)
{
	const char *type = word(), *path = word();
	unsigned long flags = number();
	const char *options = word();
	int at = place(path, 1);

	check(fchdir(at), path);
	check(mount(type, ".", type, flags, options), path);
	close(at);
}

/* bind SOURCE PLACE ATTRIBUTES */
static void mount_bind(void)
{
	const char *source = word(), *path = word();
	int tree = copy(AT_FDCWD, source, number());
	struct stat status;

	check(fstat(tree, &status), source);
	attach(tree, place(path, S_ISDIR(status.st_mode)), path);
}

/* node NAME MAJOR MINOR: a character device for all beneath /dev. */
static void make_node(void)
{
	const char *name = word();
	unsigned int major_number = number(), minor_number = number();
	int devices = check(find("/dev", O_PATH), "/dev");

	check(mknodat(devices, name, S_IFCHR | 0666, makedev(major_number, minor_number)), name);
	close(devices);
}

/* link TARGET NAME: beneath /dev. */
static void make_link(void)
{
	const char *target = word(), *name = word();
	int devices = check(find("/dev", O_PATH), "/dev");

	check(symlinkat(target, devices, name), name);
	close(devices);
}

/* mask PLACE: nothing is to be seen there. Not there: so much the better. */
static void mask(void)
{
	const char *path = word();
	int at = find(path, O_PATH);
	struct stat status;

	if (at < 0 && (errno == ENOENT || errno == ENOTDIR))
		return;
	check(fstat(check(at, path), &status), path);
	if (!S_ISDIR(status.st_mode)) {
		attach(copy(check(find("/dev/null", O_PATH), path), "", MOUNT_ATTR_RDONLY), at, path);
		return;
	}
	check(fchdir(at), path);
	check(mount("tmpfs", ".", "tmpfs", MOUNT_ATTR_RDONLY, "size=0k"), path);
	close(at);
}

/* protect PLACE: nothing is to be written there. */
static void protect(void)
{
	const char *path = word();
	int at = find(path, O_PATH);

	if (at < 0 && (errno == ENOENT || errno == ENOTDIR))
		return;
	attach(copy(check(at, path), "", MOUNT_ATTR_RDONLY), at, path);
}

/* seal: the root itself becomes read-only, what is mounted in it stays as it is. */
static void seal(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	check(syscall(SYS_mount_setattr, root, "", AT_EMPTY_PATH, &attr, sizeof attr), "make the root read-only");
}

/* pivot: the host's files are gone; pivot_root(2) has why two points suffice. */
static void pivot(void)
{
	check(fchdir(root), "fchdir");
	check(syscall(SYS_pivot_root, ".", "."), "pivot_root");
	check(umount2(".", MNT_DETACH), "umount2");
	check(chdir("/"), "chdir");
	close(root);
	root = check(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), "/");
}

/* hostname NAME */
static void set_hostname(void)
{
	const char *name = word();

	check(sethostname(name, strlen(name)), "sethostname");
}

/* loopback: the interface of a new network namespace goes up. */
static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int any = check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	check(ioctl(any, SIOCSIFFLAGS, &request), "raise lo");
	close(any);
}

/* limit RESOURCE SOFT HARD: numbers of getrlimit(2). */
static void limit(void)
{
	int resource = number();
	struct rlimit bounds;

	bounds.rlim_cur = number();
	bounds.rlim_max = number();
	check(setrlimit(resource, &bounds), "setrlimit");
}

/* directory PATH: where the command starts. */
static void change_directory(void)
{
	const char *path = word();

	if (chdir(path) < 0) {
		close(place(path, 1));
		check(chdir(path), path);
	}
}

/* A user opens his own streams by name, too (/dev/stdout): pipes are his then. What else they are is somebody's. */
static void give_streams(uid_t user, gid_t group)
{
	struct stat status;

	for (int stream = 0; stream <= 2; stream++)
		if (fstat(stream, &status) == 0 && S_ISFIFO(status.st_mode))
			check(fchown(stream, user, group), "fchown");
}

/* become USER GROUP CAPABILITIES COUNT GROUP...: capabilities are a bit each, and the superuser's alone; nobody gets more than them. */
static void become(void)
{
	uid_t user = number();
	gid_t group = number();
	uint64_t all = number(), own = user == 0 ? all : 0;
	size_t count = number();
	gid_t *groups = calloc(count + 1, sizeof *groups);
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { 0 };

	if (!groups)
		fail("calloc");
	for (size_t i = 0; i < count; i++)
		groups[i] = number();

	give_streams(user, group);
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		if (!(all >> capability & 1))
			check(prctl(PR_CAPBSET_DROP, capability), "drop a capability");
	check(setgroups(count, groups), "setgroups");
	check(setresgid(group, group, group), "setresgid");
	check(setresuid(user, user, user), "setresuid");
	sets[0].effective = sets[0].permitted = (uint32_t)own;
	sets[1].effective = sets[1].permitted = (uint32_t)(own >> 32);
	check(syscall(SYS_capset, &header, sets), "capset");
	free(groups);

	/* The kernel has forgotten this with the change of the user. */
	check(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
}

/* filter COUNT, then so many instructions: what the command may ask of the kernel; seccomp(2). */
static void filter(void)
{
	struct sock_fprog program = { .len = number(), .filter = (struct sock_filter *)next };

	if (next + program.len * sizeof *program.filter > end) {
		errno = EINVAL;
		fail("read the filter");
	}
	next += program.len * sizeof *program.filter;
	check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	check(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "seccomp");
}

/* COUNT WORD..., with a null at the end. */
static char **list(void)
{
	size_t count = number();
	char **words = calloc(count + 1, sizeof *words);

	if (!words)
		fail("calloc");
	for (size_t i = 0; i < count; i++)
		words[i] = (char *)word();
	return words;
}

/* exec PATH COUNT ARGUMENT... COUNT VARIABLE...: PATH has the directories in which a first argument without a slash is looked for. */
static void execute(void)
{
	const char *directories = word();
	char **arguments = list(), **environment = list();
	int denied = 0;

	umask(022);
	signal(SIGPIPE, SIG_DFL);
	check(syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */), "close_range");
	if (strchr(arguments[0], '/')) {
		execve(arguments[0], arguments, environment);
		fail(arguments[0]);
	}

	for (const char *from = directories, *to; *from; from = *to ? to + 1 : to) {
		char path[PATH_MAX];

		to = strchrnul(from, ':');
		if (snprintf(path, sizeof path, "%.*s/%s", to > from ? (int)(to - from) : 1, to > from ? from : ".", arguments[0]) >= (int)sizeof path)
			continue;
		execve(path, arguments, environment);
		if (errno == EACCES)
			denied = 1;
		else if (errno != ENOENT && errno != ENOTDIR)
			fail(path);
	}
	errno = denied ? EACCES : ENOENT;
	fail(arguments[0]);
}

static const struct {
	const char *name;
	void (*run)(void);
} calls[] = {
	{ "network", enter_network },
	{ "loopback", raise_loopback },
	{ "hostname", set_hostname },
	{ "root", take_root },
	{ "mount", mount_new },
	{ "bind", mount_bind },
	{ "node", make_node },
	{ "link", make_link },
	{ "mask", mask },
	{ "protect", protect },
	{ "seal", seal },
	{ "pivot", pivot },
	{ "limit", limit },
	{ "directory", change_directory },
	{ "become", become },
	{ "filter", filter },
	{ "exec", execute },
};

static void call(const char *name)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (strcmp(calls[i].name, name) == 0) {
			current = name;
			calls[i].run();
			return;
		}
	errno = ENOSYS;
	fail(name);
}

/* The jail's first process. */
static _Noreturn void become_jail(const int *files)
{
	struct stat status;

	script = files[SCRIPT];
	check(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
	check(setsid(), "setsid");
	for (int stream = 0; stream <= 2; stream++)
		check(dup2(files[INPUT + stream], stream), "dup2");

	/* Only now: its root is the group that we are in. */
	check(unshare(CLONE_NEWCGROUP), "unshare");
	check(mount(NULL, "/", NULL, (1 << 19) /* MS_SLAVE */ | (1 << 14) /* MS_REC */, NULL), "mount /");
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		fail("make a keyring");

	check(fstat(script, &status), "fstat");
	next = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, script, 0);
	if (next == MAP_FAILED)
		fail("mmap");
	end = next + status.st_size;
	umask(0);
	for (;;)
		call(word());
}

/* Begins a jail; one that cannot be begun has ended. */
static struct jail begin(uint64_t flags, const int *files)
{
	struct jail jail = { .status = files[STATUS], .ended = -1 };
	struct clone_args how = {
		.flags = flags | CLONE_PIDFD | CLONE_INTO_CGROUP,
		.pidfd = (uint64_t)(uintptr_t)&jail.ended,
		.exit_signal = SIGCHLD,
		.cgroup = files[GROUP],
	};
	int error, status = NOT_STARTED << 8;

	jail.pid = syscall(SYS_clone3, &how, sizeof how);
	if (jail.pid == 0)
		become_jail(files);
	if (jail.pid < 0) {
		error = errno;
		lseek(files[SCRIPT], 0, SEEK_END);
		dprintf(files[SCRIPT], "clone%c%d%cclone3", 0, error, 0);
		if (write(jail.status, &status, sizeof status) < 0)
			_exit(NOT_STARTED);
		close(jail.status);
	}

	/* Who reads what the command writes is to see its end, not ours. */
	for (int file = 0; file < FILES; file++)
		if (file != STATUS)
			close(files[file]);
	return jail;
}

/* Says how a jail has ended. */
static void end_of(const struct jail *jail)
{
	int status;

	while (waitpid(jail->pid, &status, 0) < 0)
		if (errno != EINTR)
			_exit(NOT_STARTED);

	/* Nobody there who would read it: then there is nobody to tell. */
	if (write(jail->status, &status, sizeof status) < 0 && errno != EPIPE)
		_exit(NOT_STARTED);
	close(jail->status);
	close(jail->ended);
}

/* Reads a request. False: there will be no more. */
static int receive(int socket, uint64_t *flags, int *files)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(FILES * sizeof *files)];
	} control;
	struct iovec body = { .iov_base = flags, .iov_len = sizeof *flags };
	struct msghdr message = { .msg_iov = &body, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t count;

	do
		count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (count < 0 && errno == EINTR);
	if (count != sizeof *flags || message.msg_controllen != sizeof control || control.header.cmsg_len != CMSG_LEN(FILES * sizeof *files))
		return 0;
	memcpy(files, CMSG_DATA(&control.header), FILES * sizeof *files);
	return 1;
}

int main(int count, char **arguments)
{
	int socket = count == 2 ? atoi(arguments[1]) : -1, files[FILES];
	struct jail *jails = NULL;
	struct pollfd *events = NULL;
	size_t running = 0, room = 0;
	uint64_t flags;

	if (fcntl(socket, F_SETFD, FD_CLOEXEC) < 0 || chdir("/") < 0)
		return NOT_STARTED;
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		if (running == room) {
			room = room * 2 + 8;
			jails = realloc(jails, room * sizeof *jails);
			events = realloc(events, (room + 1) * sizeof *events);
			if (!jails || !events)
				return NOT_STARTED;
		}

		events[running] = (struct pollfd){ .fd = socket, .events = POLLIN };
		for (size_t i = 0; i < running; i++)
			events[i] = (struct pollfd){ .fd = jails[i].ended, .events = POLLIN };
		if (poll(events, running + 1, -1) < 0)
			continue;

		size_t waiting = running;
		for (size_t i = running; i-- > 0;)
			if (events[i].revents) {
				end_of(&jails[i]);
				jails[i] = jails[--running];
			}
		if (events[waiting].revents) {
			if (!receive(socket, &flags, files))
				return 0;
			jails[running] = begin(flags, files);
			running += jails[running].pid > 0;
		}
	}
}
