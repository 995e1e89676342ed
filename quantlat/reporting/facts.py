"""Facts that a report states as label and value: machine, measuring process, versions, models, data."""

from __future__ import annotations

from quantlat.reporting import formatting as fmt
from quantlat.reporting.collect import ReportData
from quantlat.reporting.verdict import runtime_name

Facts = tuple[tuple[str, str], ...]


def machine_facts(data: ReportData) -> Facts:
    """What measured."""
    machine = data.machine
    cores = fmt.plural(machine.cores, "core")
    cores += f", {fmt.plural(machine.threads, 'hardware thread')}" if machine.threads is not None else ""
    cores += f", {fmt.plural(machine.sockets, 'socket')}" if machine.sockets is not None else ""
    cores += f", quota of {machine.quota_cores:g} cores" if machine.quota_cores is not None else ""
    facts = [
        ("CPU", machine.cpu),
        ("instruction sets", ", ".join(machine.isa) or "none of interest"),
        ("cores", cores),
        ("memory", f"{machine.memory_gib:.1f} GiB" if machine.memory_gib is not None else ""),
        ("governor", machine.governor or ""),
        ("virtualised", "" if machine.virtualised is None else "yes" if machine.virtualised else "no"),
        ("load", f"{machine.load:.2f}" if machine.load is not None else ""),
        ("system", machine.system or ""),
        ("fingerprint", machine.fingerprint),
    ]
    return tuple((name, value) for name, value in facts if value)


def process_facts(data: ReportData) -> Facts:
    """How the process that measured was set up; empty in reports that did not record it."""
    settings = data.settings
    if settings is None:
        return ()
    facts = [
        ("process", "one of its own" if settings.own_process else "one that did other things too"),
        ("threads", str(settings.threads)),
        ("pinned to CPUs", ", ".join(map(str, settings.cpus))),
        ("allocator", settings.allocator),
        ("thread pools", ", ".join(f"{name} {size}" for name, size in settings.thread_pools.items())),
        ("environment", " ".join(f"{name}={value}" for name, value in settings.steering.items())),
        ("signs of a debug build", ", ".join(settings.debug)),
    ]
    return tuple((name, value) for name, value in facts if value)


def version_facts(data: ReportData) -> Facts:
    """What was installed, quantlat first, and the runtimes with why they were not used."""
    versions = [("quantlat", data.quantlat_version)]
    versions += [(name, version) for name, version in sorted(data.versions.items()) if name != "quantlat"]
    runtimes = [(runtime_name(r.name), f"not used: {r.reason}") for r in data.runtimes if not r.usable]
    return (*versions, *runtimes)


def model_facts(data: ReportData) -> Facts:
    """Teacher and student in one line each."""
    facts = []
    for role, card in (("teacher", data.teacher), ("student", data.student)):
        if card is not None:
            size = f", {card.parameters / 1e6:.1f} M parameters" if card.parameters is not None else ""
            facts.append((role, f"{card.source}: {card.layers} layers × {card.hidden}{size}"))
    return tuple(facts)


def data_facts(data: ReportData) -> Facts:
    """The data source, its licence and counts, and the sources passed over."""
    source = data.data
    counts = f"{fmt.count(source.train_questions)} {data.metric.items} to train, "
    counts += f"{fmt.count(source.dev_questions)} to evaluate"
    facts = [
        ("source", f"{source.name}: {source.description}"),
        ("licence", source.licence),
        ("size", counts),
    ]
    if source.tokens_mean is not None:
        mean = f"{source.tokens_mean:.0f} real tokens per window on average"
        facts.append(("length", f"{mean}, at most {source.max_tokens}"))
    if source.notice:
        facts.append(("notice", source.notice))
    facts += [("passed over", text) for text in source.tried]
    return tuple(facts)
