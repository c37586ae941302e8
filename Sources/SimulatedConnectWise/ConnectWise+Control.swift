import Foundation
import SimulatorStage

/// What ConnectWise adds below `/_control`. `as` is a member's identifier, a contact's id, or `"customer"`.
///
/// | call | does |
/// | --- | --- |
/// | `GET /_control` | besides the common part: tickets, notes, time entries, callbacks, deliveries |
/// | `GET /_control/tickets/{id}` | a ticket in short |
/// | `POST /_control/tickets` | `{"summary","board","company","contact","owner","text","as"}` → `{"id"}`; a shift that is played leaves it alone |
/// | `PATCH /_control/tickets/{id}` | `{"status","board","owner","company","priority","summary","as"}` |
/// | `DELETE /_control/tickets/{id}?as=…` | deletes |
/// | `POST /_control/tickets/{id}/notes` | `{"text","kind":"discussion|internal|resolution","as"}` → `{"id"}` |
/// | `POST /_control/tickets/{id}/time` | `{"text","hours","as"}` → `{"id"}` |
/// | `POST /_control/tickets/{id}/assignments` | `{"member","as"}` |
/// | `DELETE /_control/tickets/{id}/assignments/{member}?as=…` | takes the member off |
/// | `GET`, `PATCH /_control/switches` | how it behaves, see ``Switches``: `{"ignores_status_patches", "denied_rights", …}` |
/// | `DELETE /_control/members/{identifier}` | removes a member |
/// | `PATCH /_control/members/{identifier}` | `{"inactive"}` |
/// | `GET /_control/callbacks` | how the last callbacks ended |
/// | `GET /_control/signing-key` | `{"signing_key","key_url"}` |
extension PlayedConnectWise {
    func summary() -> PlayedJSON {
        simulator.ledger.read { ledger in
            [
                "tickets": .integer(ledger.tickets.count), "notes": .integer(ledger.notes.count),
                "timeEntries": .integer(ledger.time.count), "callbacks": .integer(ledger.callbacks.count),
                "callbacksEnded": .integer(ledger.deliveryCount),
            ]
        }
    }

    func answer(control call: Call, path: [Substring]) throws(ControlError) -> PlayedJSON? {
        do {
            switch (path.first, path.count) {
            case ("tickets", 1) where call.method == "POST": return try create(try call.controlBody())
            case ("tickets", 2...): return try answer(call, ticket: Int(path[1]) ?? 0, Array(path.dropFirst(2)))
            case ("switches", 1):
                if call.method == "PATCH" {
                    let body = try call.controlBody()
                    simulator.ledger.change { $0.switches.apply(body) }
                }
                return simulator.switches.json
            case ("members", 2):
                if call.method == "DELETE" { try simulator.remove(member: String(path[1])) }
                if call.method == "PATCH" {
                    try simulator.setInactive(try call.controlBody()["inactive"]?.bool ?? true, of: String(path[1]))
                }
                return ["done": true]
            case ("callbacks", 1): return .list(simulator.callbackDeliveries.suffix(1000).map(\.json))
            case ("signing-key", 1):
                return ["signing_key": .text(simulator.signingKey), "key_url": .text(simulator.keyURL)]
            default: return nil
            }
        } catch let error as ControlError {
            throw error
        } catch {
            throw ControlError("\(error)")
        }
    }

    private func create(_ body: PlayedJSON) throws -> PlayedJSON {
        guard let summary = body["summary"]?.string else { throw ControlError("summary is missing") }
        let id = try simulator.createTicket(
            summary, board: body["board"]?.string, company: body["company"]?.string,
            contact: body["contact"]?.int, owner: body["owner"]?.string, text: body["text"]?.string,
            recordType: body["recordType"]?.string ?? "ServiceTicket",
            as: Author(control: body["as"]) ?? .member("dokafor"))
        simulator.ledger.change { _ = $0.directed.insert(id) }
        return ["id": .integer(id)]
    }

    private func answer(_ call: Call, ticket: Int, _ rest: [Substring]) throws -> PlayedJSON? {
        let body = call.body.isEmpty ? [:] : try call.controlBody()
        let author =
            Author(control: body["as"]) ?? Author(control: call.query["as"].map { .text($0) }) ?? .member("dokafor")
        switch (call.method, rest.first, rest.count) {
        case ("GET", nil, _):
            guard let state = simulator.ticket(ticket) else { throw ControlError("no ticket \(ticket)") }
            return state.json
        case ("PATCH", nil, _):
            try simulator.update(
                ticket, status: body["status"]?.string, board: body["board"]?.string, owner: body["owner"]?.string,
                company: body["company"]?.string, priority: body["priority"]?.int, summary: body["summary"]?.string,
                as: author)
        case ("DELETE", nil, _): try simulator.delete(ticket, as: author)
        case ("POST", "notes", 1):
            let kind = NoteKind(rawValue: body["kind"]?.string ?? "discussion") ?? .discussion
            return [
                "id": .integer(try simulator.addNote(body["text"]?.string ?? "", to: ticket, kind: kind, as: author))
            ]
        case ("POST", "time", 1):
            guard case .member(let member) = author else { throw ControlError("only members log time") }
            return [
                "id": .integer(
                    try simulator.addTime(
                        body["text"]?.string ?? "", hours: body["hours"]?.double ?? 0.5, to: ticket, as: member))
            ]
        case ("POST", "assignments", 1): try simulator.assign(body["member"]?.string ?? "", to: ticket, as: author)
        case ("DELETE", "assignments", 2): try simulator.unassign(String(rest[1]), from: ticket, as: author)
        default: return nil
        }
        return ["done": true]
    }
}

extension Author {
    fileprivate init?(control value: PlayedJSON?) {
        guard let value else { return nil }
        if let id = value.int {
            self = .contact(id)
        } else if let name = value.string {
            self = name == "customer" ? .customer : .member(name)
        } else {
            return nil
        }
    }
}

extension TicketState {
    fileprivate var json: PlayedJSON {
        [
            "id": .integer(id), "summary": .text(summary), "board": .text(board), "status": .text(status),
            "company": .text(company), "contact": .optional(contact), "owner": .optional(owner),
            "resources": .list(resources.map { .text($0) }), "closed": .flag(closed),
            "lastUpdated": .text(Instant(lastUpdated).text), "updatedBy": .text(updatedBy),
            "notes": .list(notes.map { .text($0) }), "note_records": .list(noteRecords.map(\.json)),
            "time_records": .list(timeRecords.map(\.json)),
        ]
    }
}

extension NoteState {
    fileprivate var json: PlayedJSON {
        [
            "id": .integer(id), "text": .text(text), "detailDescriptionFlag": .flag(discussion),
            "internalAnalysisFlag": .flag(internalAnalysis), "resolutionFlag": .flag(resolution),
            "processNotifications": .flag(notifies), "author": .optional(author),
        ]
    }
}

extension TimeState {
    fileprivate var json: PlayedJSON {
        [
            "id": .integer(id), "minutes": .integer(minutes), "member": .text(member), "notes": .optional(notes),
            "workRole": .optional(workRole), "workType": .optional(workType), "billableOption": .text(billable),
            "chargeToType": .text(chargedAs),
        ]
    }
}

extension CallbackDelivery {
    fileprivate var json: PlayedJSON {
        [
            "callbackId": .integer(callbackID), "ticketId": .integer(ticketID), "action": .text(action),
            "outcome": .text("\(outcome)"), "attempts": .integer(attempts), "time": .number(time.timeIntervalSince1970),
        ]
    }
}
