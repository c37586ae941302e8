import API
import BoundaryText
import Foundation
import Ticketing
import WebSupport

/// A body that asks for posts.
protocol PostBody: JSONBody, Encodable {
    static var kind: PostRequest.Kind { get }
    var requestID: String? { get set }
    /// A post that failed, in whose place this one is.
    var replaces: Post.ID? { get }
    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft
}

extension Tickets.NewNote: PostBody {
    static let kind = PostRequest.Kind.note

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        var checks = PostDraft.Checks()
        let text = checks.text(text, "text", longest: longestNote)
        try checks.finish()
        return PostDraft(Self.kind, [.note(text: text, type: noteType ?? settings.noteType)])
    }
}

extension Tickets.NewTime: PostBody {
    static let kind = PostRequest.Kind.time

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        var checks = PostDraft.Checks()
        let note = (text?.isEmpty ?? true) ? nil : checks.text(text, "text", longest: longestNote)
        let part = try TimePart(
            minutes: minutes, startedAt: startedAt, workRole: workRole, workType: workType, billable: billable,
            text: note
        ).part(settings, &checks, now)
        try checks.finish()
        return PostDraft(Self.kind, [part])
    }
}

/// Time with what the settings say where the request says nothing.
private struct TimePart {
    let minutes: Int?
    var startedAt: Date?
    let workRole: WorkRole.ID?
    let workType: WorkType.ID?
    let billable: BillableOption?
    let text: String?

    func part(
        _ settings: PSASettings, _ checks: inout PostDraft.Checks, _ now: Date
    ) throws(Problem) -> PostDraft.Part {
        let minutes = minutes ?? settings.minutes
        checks.minutes(minutes)
        // Whole seconds: ConnectWise refuses others.
        let end = Date(timeIntervalSince1970: now.timeIntervalSince1970.rounded(.down))
        let start = startedAt.map { Date(timeIntervalSince1970: $0.timeIntervalSince1970.rounded(.down)) }
        checks.require(
            start.map { $0 <= end } ?? true, "started_at", "out_of_range", "must not be in the future.")
        return .time(
            minutes: minutes, startedAt: start ?? end.addingTimeInterval(-60 * Double(minutes)),
            workRole: workRole ?? settings.workRole.map { .init($0.id) },
            workType: workType ?? settings.workType.map { .init($0.id) }, billable: billable, text: text)
    }
}

extension Tickets.NewStatus: PostBody {
    static let kind = PostRequest.Kind.status

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        PostDraft(Self.kind, [.status(status)], expectedStatus: expectedStatus)
    }
}

extension Tickets.NewChange: PostBody {
    static let kind = PostRequest.Kind.change

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        var checks = PostDraft.Checks()
        let text = checks.text(text, "text", longest: longestNote)
        var parts: [PostDraft.Part] = [.note(text: text, type: noteType ?? settings.noteType)]
        // No time at all is said by 0; nothing said is the connection's default.
        if minutes != 0 {
            parts.append(
                try TimePart(
                    minutes: minutes, startedAt: startedAt, workRole: workRole, workType: workType, billable: billable,
                    text: includeTextInTime == true ? text : nil
                ).part(settings, &checks, now))
        }
        let isMoved = updateStatus ?? (status != nil || settings.movesStatus)
        if isMoved { parts.append(.status(status)) }
        checks.require(
            isMoved || status == nil, "status_id", "conflicting_value", "must be left out when update_status is false.")
        checks.require(
            isMoved || expectedStatus == nil, "expected_status_id", "conflicting_value",
            "must be left out when the status is not updated.")
        try checks.finish()
        return PostDraft(Self.kind, parts, expectedStatus: expectedStatus)
    }
}
