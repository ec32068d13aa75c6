/*
 * The least that a count of TCP connections can cost: the one request that the agent's census sends, and of the
 * replies nothing but the headers. What a census costs beyond this is the agent's own.
 *
 *     floor PORT DUMPS     prints "count=N cpu_us=T": sockets in the last dump, CPU time of one dump
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel fills no larger datagram for a dump: the agent's buffer, too. */
#define BUFFER_LENGTH (32 * 1024)

/* One dump before those that are measured: page faults and the sockets' inodes are of the start. */
#define WARM_UP 1

static _Alignas(struct nlmsghdr) char buffer[BUFFER_LENGTH];

static void fail(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void ask(int fd, unsigned short port)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req request;
	} message;
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	memset(&message, 0, sizeof(message));
	message.header.nlmsg_len = sizeof(message);
	message.header.nlmsg_type = TCPDIAG_GETSOCK;
	message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message.request.id.idiag_sport = htons(port);
	message.request.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	message.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	/* The states of the census: src/Agent/Watching/Census.cs. */
	message.request.idiag_states = (1 << TCP_ESTABLISHED) | (1 << TCP_CLOSE_WAIT) | (1 << TCP_LISTEN);
	if (sendto(fd, &message, sizeof(message), 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		fail("sendto");
}

static long dump(int fd, unsigned short port)
{
	long count = 0;

	ask(fd, port);
	for (;;) {
		ssize_t length = recv(fd, buffer, sizeof(buffer), MSG_TRUNC);

		if (length < 0)
			fail("recv");
		if ((size_t)length > sizeof(buffer)) {
			errno = EMSGSIZE;
			fail("recv");
		}
		for (struct nlmsghdr *message = (struct nlmsghdr *)buffer; NLMSG_OK(message, length);
		     message = NLMSG_NEXT(message, length)) {
			if (message->nlmsg_type == NLMSG_DONE)
				return count;
			if (message->nlmsg_type == NLMSG_ERROR) {
				errno = -((struct nlmsgerr *)NLMSG_DATA(message))->error;
				fail("dump");
			}
			count++;
		}
	}
}

static long cpu_microseconds(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) < 0)
		fail("getrusage");
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

int main(int argc, char **argv)
{
	int port = argc == 3 ? atoi(argv[1]) : 0;
	int dumps = argc == 3 ? atoi(argv[2]) : 0;
	long count = 0, begun;
	int fd;

	if (port < 1 || port > 65535 || dumps < 1) {
		fputs("usage: floor PORT DUMPS\n", stderr);
		return 64;
	}
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		fail("socket");

	for (int i = 0; i < WARM_UP; i++)
		dump(fd, (unsigned short)port);
	begun = cpu_microseconds();
	for (int i = 0; i < dumps; i++)
		count = dump(fd, (unsigned short)port);
	printf("count=%ld cpu_us=%.1f\n", count, (double)(cpu_microseconds() - begun) / dumps);
	close(fd);
	return 0;
}
