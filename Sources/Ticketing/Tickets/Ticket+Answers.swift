import API
import BoundaryText

extension Reference {
    /// As the PSA names it.
    package init(_ reference: Ticket.Reference) {
        self.init(id: reference.id, name: reference.name)
    }

    init(_ configuration: TicketConfiguration) {
        self.init(id: configuration.id, name: configuration.name)
    }
}

extension Tickets.Answer {
    /// A ticket as it is in the copy, or was found.
    package init(_ ticket: Ticket, _ live: LiveConnection) {
        self.init(
            id: ticket.id, summary: ticket.summary, company: ticket.company.map(Reference.init),
            board: ticket.board.map(Reference.init), status: ticket.status.map(Reference.init),
            priority: ticket.priority.map(Reference.init), owner: ticket.owner, closed: ticket.isClosed,
            link: live.provider.link(to: ticket.id), updatedAt: ticket.updatedAt)
    }
}

extension Tickets.Details {
    init(_ ticket: Ticket, _ configurations: [TicketConfiguration]?, _ live: LiveConnection) {
        self.init(
            Tickets.Answer(ticket, live), connection: live.connection.id, contact: ticket.contact.map(Reference.init),
            resources: ticket.resources, configurations: configurations?.map(Reference.init),
            enteredAt: ticket.enteredAt, updatedBy: ticket.updatedBy, maxNoteLength: live.provider.longestNote,
            defaults: Tickets.Defaults(live.connection.settings, board: ticket.board?.id))
    }
}

extension Tickets.Defaults {
    fileprivate init(_ settings: PSASettings, board: String?) {
        self.init(
            minutes: settings.minutes, noteType: .known(settings.noteType),
            workRole: settings.workRole.map(Reference.init), workType: settings.workType.map(Reference.init),
            status: board.flatMap { settings.boardStatuses[$0] }.map(Reference.init),
            updatesStatus: settings.movesStatus)
    }
}

extension Tickets.Status {
    init(_ status: Board.Status) {
        self.init(
            id: status.id, name: status.name, closed: status.isClosed, inactive: status.isInactive,
            timeEntryNotAllowed: status.refusesTime, isDefault: status.isDefault, sortOrder: status.sortOrder)
    }
}

extension Tickets.Note {
    init(_ note: TicketNote) {
        self.init(
            id: note.id, kind: note.kind, noteType: note.type, author: note.author, text: note.text,
            isInternal: note.isInternal, minutes: note.minutes, createdAt: note.createdAt)
    }
}
