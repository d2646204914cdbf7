DROP INDEX "assets_owner_checksum_key";--> statement-breakpoint
ALTER TABLE "uploads" ADD COLUMN "sidecar_key" text;--> statement-breakpoint
CREATE UNIQUE INDEX "assets_owner_checksum_key" ON "assets" USING btree ("owner_id","checksum") WHERE "assets"."status" <> 'deleted';