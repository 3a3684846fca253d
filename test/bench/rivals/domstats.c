/* A client on libvirt's own library. Usage:
 *   domstats URI stats ROUNDS [US] each round asks for all statistics of all domains in one call, US microseconds
 *                                 apart; prints "wall_ms cpu_ms domains" per round
 *   domstats URI refresh ROUNDS   the same after asking for the list of domains and for the control interface of
 *                                 each: all the calls that the agent makes in a refresh
 *   domstats URI state ROUNDS US  asks for the state of the first domain, ROUNDS times, US microseconds apart;
 *                                 prints the milliseconds that each call took
 *   domstats URI one ROUNDS US    the same with all statistics of the first domain
 * The declarations are those of libvirt's public API; its development package is not needed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct connect *connect_ptr;
typedef struct domain *domain_ptr;
struct record { domain_ptr dom; void *params; int nparams; };
struct control { unsigned state, details; unsigned long long since; };

extern connect_ptr virConnectOpenReadOnly(const char *uri);
extern int virConnectClose(connect_ptr conn);
extern int virConnectGetAllDomainStats(connect_ptr conn, unsigned stats, struct record ***out, unsigned flags);
extern void virDomainStatsRecordListFree(struct record **stats);
extern int virConnectListAllDomains(connect_ptr conn, domain_ptr **domains, unsigned flags);
extern int virDomainListGetStats(domain_ptr *domains, unsigned stats, struct record ***out, unsigned flags);
extern int virDomainGetControlInfo(domain_ptr domain, struct control *info, unsigned flags);
extern int virDomainFree(domain_ptr domain);
extern int virDomainGetState(domain_ptr domain, int *state, int *reason, unsigned flags);

static double ms(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 4) return 64;
    connect_ptr conn = virConnectOpenReadOnly(argv[1]);
    if (!conn) return 69;
    setvbuf(stdout, NULL, _IOLBF, 0);
    int rounds = atoi(argv[3]);
    int refresh = !strcmp(argv[2], "refresh");
    if (refresh || !strcmp(argv[2], "stats")) {
        for (int i = 0; i < rounds; i++) {
            struct record **records = NULL;
            domain_ptr *domains = NULL;
            double wall = ms(CLOCK_MONOTONIC), cpu = ms(CLOCK_PROCESS_CPUTIME_ID);
            int count = refresh ? virConnectListAllDomains(conn, &domains, 0) : 0;
            for (int d = 0; d < count; d++) {
                struct control info;
                virDomainGetControlInfo(domains[d], &info, 0);
                virDomainFree(domains[d]);
            }
            free(domains);
            int n = virConnectGetAllDomainStats(conn, 0, &records, 0);
            cpu = ms(CLOCK_PROCESS_CPUTIME_ID) - cpu;
            wall = ms(CLOCK_MONOTONIC) - wall;
            if (n < 0) return 1;
            printf("%.3f %.3f %d\n", wall, cpu, n);
            virDomainStatsRecordListFree(records);
            if (argc > 4) usleep(atoi(argv[4]));
        }
    } else {
        domain_ptr *domains = NULL;
        if (virConnectListAllDomains(conn, &domains, 1) < 1) return 1;
        for (int i = 0; i < rounds; i++) {
            int state, reason;
            struct record **records = NULL;
            domain_ptr first[] = { domains[0], NULL };
            int whole = !strcmp(argv[2], "one");
            double wall = ms(CLOCK_MONOTONIC);
            if (whole ? virDomainListGetStats(first, 0, &records, 0) < 0
                      : virDomainGetState(domains[0], &state, &reason, 0) < 0)
                return 1;
            printf("%.3f\n", ms(CLOCK_MONOTONIC) - wall);
            if (records) virDomainStatsRecordListFree(records);
            usleep(atoi(argv[4]));
        }
    }
    virConnectClose(conn);
    return 0;
}
