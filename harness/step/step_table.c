#include "step_table.h"

static const char *const reply_options[] = { REPLY_OPTIONS, NULL };
static const char *const next_options[] = { REST_OPTIONS, "save", NULL };
static const char *const batch_options[] = { READ_OPTIONS, NULL };
static const char *const raw_options[] = { REPLY_OPTIONS, "tag", NULL };
static const char *const await_options[] = { "within", "without", "where", NULL };
static const char *const no_options[] = { NULL };
static const char *const closed_options[] = { "with", NULL };
static const char *const where_options[] = { "where", NULL };
static const char *const mail_options[] = { "within", NULL };

#define ROW(name, function, options, who)                                                          \
    {                                                                                              \
        name, options, who, function##_check, function##_run                                       \
    }

static const struct device_verb device_verbs[] = {
    ROW("send", step_send, reply_options, FOR_ALL),
    ROW("pipeline", step_pipeline, batch_options, FOR_ALL),
    ROW("raw", step_raw, raw_options, FOR_ALL),
    ROW("await", step_await, await_options, FOR_IMAP),
    ROW("reply", step_reply, next_options, FOR_ALL),
    ROW("silence", step_silence, no_options, FOR_ALL),
    ROW("idle", step_idle, batch_options, FOR_IMAP),
    ROW("connect", step_connect, no_options, FOR_ALL),
    ROW("close", step_close, no_options, FOR_ALL),
    ROW("closed", step_closed, closed_options, FOR_ALL),
    ROW("starttls", step_starttls, where_options, FOR_ALL),
    ROW("tls", step_tls, where_options, FOR_ALL),
    ROW("secure", step_secure, where_options, FOR_ALL),
    ROW("login", step_login, where_options, FOR_ALL),
    ROW("capabilities", step_capabilities, no_options, FOR_ALL),
    ROW("mail", step_mail, mail_options, FOR_SMTP),
    ROW("data", step_data, reply_options, FOR_SMTP),
    ROW("delivered", step_delivered, no_options, FOR_IMAP | FOR_POP3),
    ROW("compress", step_compress, no_options, FOR_IMAP),
};

static const struct plain_verb plain_verbs[] = {
    { "parallel", step_parallel_check, step_parallel_run },
    { "signal", step_signal_check, step_signal_run },
    { "wait", step_wait_check, step_wait_run },
    { "eventually", step_eventually_check, step_eventually_run },
    { "include", step_include_check, step_include_run },
    { "set", step_set_check, step_set_run },
    { "pause", step_pause_check, step_pause_run },
    { "if", step_if_check, step_if_run },
    { "checkpoint", step_checkpoint_check, step_checkpoint_run },
    { "next-hop", step_next_hop_check, step_next_hop_run },
    { "restart", step_restart_check, step_restart_run },
    { "fresh-login", step_fresh_login_check, step_fresh_login_run },
};

const struct step_kinds step_kinds = { device_verbs, COUNT(device_verbs), plain_verbs,
                                       COUNT(plain_verbs) };
