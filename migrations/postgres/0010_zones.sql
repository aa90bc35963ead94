-- By whose clock the day or month of a window begins and ends.

ALTER TABLE ledger ADD COLUMN zone text NOT NULL DEFAULT 'UTC'; -- of the IANA database
