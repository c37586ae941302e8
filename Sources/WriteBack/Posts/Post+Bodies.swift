import Accounts
import BoundaryText
import Foundation
import Ids
import Ticketing
import WebSupport

/// A body that asks for writes.
protocol PostBody: JSONBody, Encodable {
    static var kind: PostRequest.Kind { get }
    var requestID: String? { get set }
    /// A write that failed, in whose place this one is.
    var replaces: Post.ID? { get }
    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft
}

struct NoteBody: PostBody {
    static let kind = PostRequest.Kind.note

    enum CodingKeys: String, CodingKey, CaseIterable {
        case text, replaces
        case noteType = "note_type"
        case requestID = "request_id"
    }

    static let lengths = PostDraft.lengths

    let text: String
    let noteType: NoteType?
    let replaces: Post.ID?
    var requestID: String?

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        var checks = PostDraft.Checks()
        let text = checks.text(text, "text", longest: longestNote)
        try checks.finish()
        return PostDraft(Self.kind, [.note(text: text, type: noteType ?? settings.noteType)])
    }
}

struct TimeBody: PostBody {
    static let kind = PostRequest.Kind.time

    enum CodingKeys: String, CodingKey, CaseIterable {
        case minutes, billable, text, replaces
        case startedAt = "started_at"
        case workRole = "work_role_id"
        case workType = "work_type_id"
        case requestID = "request_id"
    }

    static let ranges = ["minutes": 1...PSASettings.longestTime]

    static let lengths = PostDraft.lengths

    let minutes: Int?
    let startedAt: Date?
    let workRole: WorkRole.ID?
    let workType: WorkType.ID?
    let billable: BillableOption?
    let text: String?
    let replaces: Post.ID?
    var requestID: String?

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
            start.map { $0 <= end } ?? true, "started_at", "out_of_range", "must not lie in the future.")
        return .time(
            minutes: minutes, startedAt: start ?? end.addingTimeInterval(-60 * Double(minutes)),
            workRole: workRole ?? settings.workRole.map { .init($0.id) },
            workType: workType ?? settings.workType.map { .init($0.id) }, billable: billable, text: text)
    }
}

struct StatusBody: PostBody {
    static let kind = PostRequest.Kind.status

    enum CodingKeys: String, CodingKey, CaseIterable {
        case replaces
        case status = "status_id"
        case expectedStatus = "expected_status_id"
        case requestID = "request_id"
    }

    let status: Board.Status.ID
    let expectedStatus: Board.Status.ID?
    let replaces: Post.ID?
    var requestID: String?

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        PostDraft(Self.kind, [.status(status)], expectedStatus: expectedStatus)
    }
}

struct ChangeBody: PostBody {
    static let kind = PostRequest.Kind.change

    enum CodingKeys: String, CodingKey, CaseIterable {
        case text, minutes, billable, replaces
        case noteType = "note_type"
        case startedAt = "started_at"
        case workRole = "work_role_id"
        case workType = "work_type_id"
        case timeCarriesText = "text_in_time"
        case movesStatus = "update_status"
        case status = "status_id"
        case expectedStatus = "expected_status_id"
        case requestID = "request_id"
    }

    static let ranges = ["minutes": 0...PSASettings.longestTime]

    static let lengths = PostDraft.lengths

    let text: String
    let noteType: NoteType?
    let minutes: Int?
    let startedAt: Date?
    let workRole: WorkRole.ID?
    let workType: WorkType.ID?
    let billable: BillableOption?
    let timeCarriesText: Bool?
    let movesStatus: Bool?
    let status: Board.Status.ID?
    let expectedStatus: Board.Status.ID?
    let replaces: Post.ID?
    var requestID: String?

    func draft(settings: PSASettings, longestNote: Int, now: Date) throws(Problem) -> PostDraft {
        var checks = PostDraft.Checks()
        let text = checks.text(text, "text", longest: longestNote)
        var parts: [PostDraft.Part] = [.note(text: text, type: noteType ?? settings.noteType)]
        // No time at all is said by 0; nothing said is the connection's default.
        if minutes != 0 {
            parts.append(
                try TimePart(
                    minutes: minutes, startedAt: startedAt, workRole: workRole, workType: workType, billable: billable,
                    text: timeCarriesText == true ? text : nil
                ).part(settings, &checks, now))
        }
        let isMoved = movesStatus ?? (status != nil || settings.movesStatus)
        if isMoved { parts.append(.status(status)) }
        checks.require(
            isMoved || status == nil, "status_id", "contradiction", "says where to, but update_status is false.")
        checks.require(
            isMoved || expectedStatus == nil, "expected_status_id", "contradiction",
            "guards a change of status, and none is asked for.")
        try checks.finish()
        return PostDraft(Self.kind, parts, expectedStatus: expectedStatus)
    }
}

struct RetryBody: JSONBody {
    enum CodingKeys: String, CodingKey, CaseIterable {
        case status = "status_id"
        case workRole = "work_role_id"
        case workType = "work_type_id"
    }

    let workRole: WorkRole.ID?
    let workType: WorkType.ID?
    let status: Board.Status.ID?
}
