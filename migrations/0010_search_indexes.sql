CREATE INDEX "asset_exif_city_idx" ON "asset_exif" USING btree ("city") WHERE "asset_exif"."city" is not null;--> statement-breakpoint
CREATE INDEX "asset_exif_camera_idx" ON "asset_exif" USING btree ("make","model") WHERE "asset_exif"."make" is not null;--> statement-breakpoint
CREATE INDEX "assets_owner_taken_idx" ON "assets" USING btree ("owner_id","file_created_at","id");