/* Scenario files: whatever stands in one, it is read, or its mistakes are named at places in it. */
#include "check_plan.h"
#include "step_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_arena arena = { 0 };
    struct problems problems = { 0 };
    struct clauses clauses = { 0 };
    struct include_list includes = { 0 };
    struct check_list list = { 0 };
    struct planned_list plan = { 0 };
    struct check_loader loader = { .arena = &arena,
                                   .problems = &problems,
                                   .clauses = &clauses,
                                   .kinds = &step_kinds,
                                   .includes = &includes,
                                   .root = "/nonexistent" };
    struct node *root =
        node_parse(slice_make((const char *)data, size), "scenarios/t.yaml", &arena, &problems);
    if (root)
        check_load_tree(&loader, root, "t", &list);
    else if (!problems.list.n)
        abort();
    for (size_t i = 0; i < list.n && !problems.list.n; i++)
        check_variants(list.v[i], &arena, &plan);
    auto_buf text;
    buf_init(&text, BUF_OURS);
    problems_render(&problems, &text);
    array_release(&plan);
    array_release(&list);
    array_release(&includes);
    clauses_release(&clauses);
    problems_release(&problems);
    return 0;
}
