import API
import Accounts
import BoundaryText
import Foundation

/// How states are shown: one word and one tone each, the same on every page.
extension Badge {
    static func delivery(_ state: Open<Deliveries.State>) -> Badge {
        switch state.known {
        case .sent: Badge(.good, "sent")
        case .queued: Badge(.info, "queued")
        case .uncertain: Badge(.warning, "uncertain")
        case .failed: Badge(.bad, "failed")
        case .skipped, .simulated, nil: Badge(.muted, state.text)
        }
    }

    static func connection(_ state: String, isActive: Bool) -> Badge {
        guard isActive else { return Badge(.muted, "disabled") }
        return switch state {
        case "ok": Badge(.good, "connected")
        case "silent": Badge(.warning, "silent")
        case "untested": Badge(.muted, "not tested")
        default: Badge(.bad, state)
        }
    }

    /// A ticket's status; closed ones are less prominent.
    static func status(_ status: Reference?, closed: Bool) -> Badge {
        Badge(closed ? .muted : .info, status?.name ?? "no status")
    }

    /// How urgent a ticket is, by the number that ConnectWise's own names begin with.
    static func priority(_ priority: Reference?) -> Badge {
        let name = priority?.name ?? "none"
        let tone: Tone =
            name.utf8.contains("1") || name.localizedCaseInsensitiveContains("critical")
            ? .bad : name.utf8.contains("2") || name.localizedCaseInsensitiveContains("high") ? .warning : .muted
        return Badge(tone, name)
    }

    static func sync(_ state: Open<Syncs.State>) -> Badge {
        switch state.known {
        case .running: Badge(.info, "running")
        case .queued: Badge(.info, "queued")
        case .failed: Badge(.bad, "failed")
        case .idle: Badge(.muted, "idle")
        case nil: Badge(.muted, state.text)
        }
    }

    static func forward(_ state: String) -> Badge {
        switch state {
        case "active": Badge(.good, "active")
        case "upcoming": Badge(.info, "upcoming")
        default: Badge(.muted, state)
        }
    }

    static func result(_ result: Open<AuditEntries.Result>) -> Badge {
        switch result.known {
        case .done: Badge(.good, "done")
        case .refused: Badge(.warning, "refused")
        case .failed, nil: Badge(.bad, result.text)
        }
    }
}

extension Open where Value == FeatureFlags.Name {
    /// What people call it.
    var label: String { known?.label ?? text }
}

extension FeatureFlag {
    /// What people call it.
    var label: String {
        switch self {
        case .connectWise: "ConnectWise"
        case .threeCX: "3CX"
        case .numberManagement: "Number management"
        case .bulkAssignment: "Bulk assignment"
        case .manualPhoneEntry: "Phone numbers entered by hand"
        }
    }
}

/// Kinds of events as people say them.
enum EventWords {
    static func of(_ kind: Events.Kind) -> String { of(.known(kind)) }

    static func of(_ kind: Open<Events.Kind>) -> String {
        let words = kind.text.replacing(bytes: "_", with: " ")
        return words.sentenceCased
    }
}
